/* HCCL as far as it is used: collectives between cards. Included by CAscend.h. All of it is optional: one card needs none. */
#ifndef CASCEND_HCCL_H
#define CASCEND_HCCL_H

typedef void *HcclComm;

typedef enum {
    HCCL_SUCCESS = 0, HCCL_E_PARA = 1, HCCL_E_PTR = 2, HCCL_E_MEMORY = 3, HCCL_E_INTERNAL = 4, HCCL_E_NOT_SUPPORT = 5, HCCL_E_UNAVAIL = 7,
    HCCL_E_TIMEOUT = 9, HCCL_E_AGAIN = 20, HCCL_E_REMOTE = 21,
} HcclResult;

typedef enum {
    HCCL_DATA_TYPE_INT8 = 0, HCCL_DATA_TYPE_INT32 = 2, HCCL_DATA_TYPE_FP16 = 3, HCCL_DATA_TYPE_FP32 = 4, HCCL_DATA_TYPE_INT64 = 5,
    HCCL_DATA_TYPE_UINT8 = 7, HCCL_DATA_TYPE_BFP16 = 11,
} HcclDataType;

typedef enum { HCCL_REDUCE_SUM = 0 } HcclReduceOp;
typedef enum { HCCL_DETERMINISTIC = 0 } HcclConfig;
typedef union { int32_t value; } HcclConfigValue;

/* X(need, result, name, parameters) for each function of libhccl.so; from 9.0 on those of communicators are in libhcomm.so. */
#define CA_HCCL(X) \
    X(CA_REQUIRED, HcclResult, HcclCommInitAll, (uint32_t ndev, int32_t *devices, HcclComm *comms)) \
    X(CA_REQUIRED, HcclResult, HcclCommDestroy, (HcclComm comm)) \
    X(CA_REQUIRED, HcclResult, HcclAlltoAll, (const void *sendBuf, uint64_t sendCount, HcclDataType sendType, const void *recvBuf, \
      uint64_t recvCount, HcclDataType recvType, HcclComm comm, aclrtStream stream)) \
    X(CA_REQUIRED, HcclResult, HcclAllReduce, (void *sendBuf, void *recvBuf, uint64_t count, HcclDataType dataType, HcclReduceOp op, HcclComm comm, \
      aclrtStream stream)) \
    X(CA_REQUIRED, HcclResult, HcclGetCommAsyncError, (HcclComm comm, HcclResult *asyncError)) \
    X(CA_OPTIONAL, HcclResult, HcclSetConfig, (HcclConfig config, HcclConfigValue configValue))

/* The functions as found; an optional one that was not found is NULL. */
#define CA_FUNCTION(need, result, name, parameters) result (*name) parameters;
struct ca_hccl {
    CA_HCCL(CA_FUNCTION)
};
#undef CA_FUNCTION

#ifdef CA_PROTOTYPES
#define CA_FUNCTION(need, result, name, parameters) result name parameters;
CA_HCCL(CA_FUNCTION)
#undef CA_FUNCTION
#endif

/* Finds all functions where ca_load finds CANN's. Returns false with a reason where the library or a required function is missing. */
bool ca_load_hccl(struct ca_hccl *hccl, char *reason, size_t reason_size);

#endif
