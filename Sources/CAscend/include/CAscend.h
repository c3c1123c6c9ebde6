#ifndef CASCEND_H
#define CASCEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CANN as far as it is used: its types, and each function with the prototype that its headers give it (8.1.RC1 to 9.1 alike).
   Nothing here links against it: the functions are found at run time, see ca_load. */

typedef int aclError;
typedef int32_t aclnnStatus;
typedef void *aclrtContext;
typedef void *aclrtStream;
typedef void *aclrtEvent;
typedef void *aclmdlRI;
typedef struct aclTensor aclTensor;
typedef struct aclScalar aclScalar;
typedef struct aclIntArray aclIntArray;
typedef struct aclTensorList aclTensorList;
typedef struct aclOpExecutor aclOpExecutor;

typedef enum {
    ACL_DT_UNDEFINED = -1,
    ACL_FLOAT = 0, ACL_FLOAT16 = 1, ACL_INT8 = 2, ACL_INT32 = 3, ACL_UINT8 = 4, ACL_INT64 = 9, ACL_DOUBLE = 11, ACL_BOOL = 12, ACL_BF16 = 27,
} aclDataType;

typedef enum { ACL_FORMAT_UNDEFINED = -1, ACL_FORMAT_NCHW = 0, ACL_FORMAT_NHWC = 1, ACL_FORMAT_ND = 2 } aclFormat;

typedef enum { ACL_MEM_MALLOC_HUGE_FIRST = 0, ACL_MEM_MALLOC_HUGE_ONLY = 1, ACL_MEM_MALLOC_NORMAL_ONLY = 2 } aclrtMemMallocPolicy;

typedef enum {
    ACL_MEMCPY_HOST_TO_HOST = 0, ACL_MEMCPY_HOST_TO_DEVICE = 1, ACL_MEMCPY_DEVICE_TO_HOST = 2, ACL_MEMCPY_DEVICE_TO_DEVICE = 3,
} aclrtMemcpyKind;

typedef enum { ACL_DDR_MEM = 0, ACL_HBM_MEM = 1 } aclrtMemAttr;
typedef enum { ACL_MODEL_RI_CAPTURE_MODE_GLOBAL = 0, ACL_MODEL_RI_CAPTURE_MODE_THREAD_LOCAL = 1, ACL_MODEL_RI_CAPTURE_MODE_RELAXED = 2 } aclmdlRICaptureMode;
typedef enum { ACL_OPT_DETERMINISTIC = 0 } aclSysParamOpt;
typedef enum { ACL_PKG_NAME_CANN = 0, ACL_PKG_NAME_RUNTIME = 1, ACL_PKG_NAME_DRIVER = 7 } aclCANNPackageName;

enum {
    ACL_EVENT_SYNC = 1, ACL_EVENT_CAPTURE_STREAM_PROGRESS = 2, ACL_EVENT_TIME_LINE = 8,
    ACL_STREAM_FAST_LAUNCH = 1, ACL_STREAM_FAST_SYNC = 2,
    ACL_CONTINUE_ON_FAILURE = 0, ACL_STOP_ON_FAILURE = 1,
};

typedef struct {
    char version[128];
    char majorVersion[64], minorVersion[64], releaseVersion[64], patchVersion[64];
    char reserved[128];
} aclCANNPackageVersion;

/* X(need, result, name, parameters) for each function of libascendcl.so. */
#define CA_RUNTIME(X) \
    X(CA_REQUIRED, aclError, aclInit, (const char *configPath)) \
    X(CA_REQUIRED, const char *, aclGetRecentErrMsg, (void)) \
    X(CA_REQUIRED, const char *, aclrtGetSocName, (void)) \
    X(CA_REQUIRED, aclError, aclrtGetDeviceCount, (uint32_t *count)) \
    X(CA_REQUIRED, aclError, aclrtSetDevice, (int32_t deviceId)) \
    X(CA_REQUIRED, aclError, aclrtGetMemInfo, (aclrtMemAttr attr, size_t *free, size_t *total)) \
    X(CA_REQUIRED, aclError, aclrtGetCurrentContext, (aclrtContext *context)) \
    X(CA_REQUIRED, aclError, aclrtSetCurrentContext, (aclrtContext context)) \
    X(CA_REQUIRED, aclError, aclrtCreateStreamWithConfig, (aclrtStream *stream, uint32_t priority, uint32_t flag)) \
    X(CA_REQUIRED, aclError, aclrtDestroyStream, (aclrtStream stream)) \
    X(CA_REQUIRED, aclError, aclrtSynchronizeStreamWithTimeout, (aclrtStream stream, int32_t timeout)) \
    X(CA_REQUIRED, aclError, aclrtSetStreamFailureMode, (aclrtStream stream, uint64_t mode)) \
    X(CA_REQUIRED, aclError, aclrtCreateEventExWithFlag, (aclrtEvent *event, uint32_t flag)) \
    X(CA_REQUIRED, aclError, aclrtDestroyEvent, (aclrtEvent event)) \
    X(CA_REQUIRED, aclError, aclrtRecordEvent, (aclrtEvent event, aclrtStream stream)) \
    X(CA_REQUIRED, aclError, aclrtSynchronizeEventWithTimeout, (aclrtEvent event, int32_t timeout)) \
    X(CA_REQUIRED, aclError, aclrtMalloc, (void **devPtr, size_t size, aclrtMemMallocPolicy policy)) \
    X(CA_REQUIRED, aclError, aclrtFree, (void *devPtr)) \
    X(CA_REQUIRED, aclError, aclrtMallocHost, (void **hostPtr, size_t size)) \
    X(CA_REQUIRED, aclError, aclrtFreeHost, (void *hostPtr)) \
    X(CA_REQUIRED, aclError, aclrtMemcpy, (void *dst, size_t destMax, const void *src, size_t count, aclrtMemcpyKind kind)) \
    X(CA_REQUIRED, aclError, aclrtMemcpyAsync, (void *dst, size_t destMax, const void *src, size_t count, aclrtMemcpyKind kind, aclrtStream stream)) \
    X(CA_REQUIRED, aclError, aclrtMemsetAsync, (void *devPtr, size_t maxCount, int32_t value, size_t count, aclrtStream stream)) \
    X(CA_OPTIONAL, aclError, aclmdlRICaptureBegin, (aclrtStream stream, aclmdlRICaptureMode mode)) \
    X(CA_OPTIONAL, aclError, aclmdlRICaptureEnd, (aclrtStream stream, aclmdlRI *modelRI)) \
    X(CA_OPTIONAL, aclError, aclmdlRIExecuteAsync, (aclmdlRI modelRI, aclrtStream stream)) \
    X(CA_OPTIONAL, aclError, aclmdlRIDestroy, (aclmdlRI modelRI)) \
    X(CA_OPTIONAL, aclError, aclrtSetSysParamOpt, (aclSysParamOpt opt, int64_t value)) \
    X(CA_OPTIONAL, aclError, aclrtCtxSetSysParamOpt, (aclSysParamOpt opt, int64_t value)) \
    X(CA_OPTIONAL, aclError, aclsysGetCANNVersion, (aclCANNPackageName name, aclCANNPackageVersion *version))

/* The same for libnnopbase.so: descriptors and executors. */
#define CA_BASE(X) \
    X(CA_REQUIRED, aclTensor *, aclCreateTensor, (const int64_t *viewDims, uint64_t viewDimsNum, aclDataType dataType, const int64_t *stride, \
      int64_t offset, aclFormat format, const int64_t *storageDims, uint64_t storageDimsNum, void *tensorData)) \
    X(CA_REQUIRED, aclScalar *, aclCreateScalar, (void *value, aclDataType dataType)) \
    X(CA_REQUIRED, aclIntArray *, aclCreateIntArray, (const int64_t *value, uint64_t size)) \
    X(CA_REQUIRED, aclTensorList *, aclCreateTensorList, (const aclTensor *const *value, uint64_t size)) \
    X(CA_REQUIRED, aclnnStatus, aclDestroyTensor, (const aclTensor *tensor)) \
    X(CA_REQUIRED, aclnnStatus, aclDestroyScalar, (const aclScalar *scalar)) \
    X(CA_REQUIRED, aclnnStatus, aclDestroyIntArray, (const aclIntArray *array)) \
    X(CA_REQUIRED, aclnnStatus, aclDestroyTensorList, (const aclTensorList *list)) \
    X(CA_REQUIRED, aclnnStatus, aclSetAclOpExecutorRepeatable, (aclOpExecutor *executor)) \
    X(CA_REQUIRED, aclnnStatus, aclDestroyAclOpExecutor, (aclOpExecutor *executor))

/* X(need, name, parameters of phase 1) for each operator. Phase 1 is called name##GetWorkspaceSize; phase 2 is called name and
   has the parameters CA_PHASE2. */
#define CA_WS uint64_t *workspaceSize, aclOpExecutor **executor
#define CA_PHASE2 (void *workspace, uint64_t workspaceSize, aclOpExecutor *executor, aclrtStream stream)
#define CA_OPERATORS(X) \
    X(CA_REQUIRED, aclnnMatmul, (const aclTensor* self, const aclTensor* mat2, aclTensor* out, int8_t cubeMathType, CA_WS)) \
    X(CA_REQUIRED, aclnnBatchMatMul, (const aclTensor* self, const aclTensor* mat2, aclTensor* out, int8_t cubeMathType, CA_WS)) \
    X(CA_REQUIRED, aclnnAddmm, (const aclTensor* self, const aclTensor* mat1, const aclTensor* mat2, const aclScalar* beta, const aclScalar* \
          alpha, aclTensor* out, int8_t cubeMathType, CA_WS)) \
    X(CA_REQUIRED, aclnnRmsNorm, (const aclTensor* x, const aclTensor* gamma, double epsilon, const aclTensor* yOut, const aclTensor* rstdOut, \
          CA_WS)) \
    X(CA_REQUIRED, aclnnLayerNorm, (const aclTensor* input, const aclIntArray* normalizedShape, const aclTensor* weightOptional, const \
          aclTensor* biasOptional, double eps, aclTensor* out, aclTensor* meanOutOptional, aclTensor* rstdOutOptional, CA_WS)) \
    X(CA_REQUIRED, aclnnGroupNorm, (const aclTensor* self, const aclTensor* gamma, const aclTensor* beta, int64_t N, int64_t C, int64_t HxW, \
          int64_t group, double eps, aclTensor* out, aclTensor* meanOut, aclTensor* rstdOut, CA_WS)) \
    X(CA_REQUIRED, aclnnSoftmax, (const aclTensor* self, int64_t dim, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnSilu, (const aclTensor* self, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnGeluV2, (const aclTensor* x, int64_t approximate, aclTensor* y, CA_WS)) \
    X(CA_REQUIRED, aclnnAdd, (const aclTensor* self, const aclTensor* other, const aclScalar* alpha, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnInplaceAdd, (const aclTensor* selfRef, const aclTensor* other, const aclScalar* alpha, CA_WS)) \
    X(CA_REQUIRED, aclnnMul, (const aclTensor* self, const aclTensor* other, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnMuls, (const aclTensor* self, const aclScalar* other, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnAdds, (const aclTensor* self, const aclScalar* other, const aclScalar* alpha, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnAddcmul, (const aclTensor* self, const aclTensor* tensor1, const aclTensor* tensor2, const aclScalar* value, aclTensor* \
          out, CA_WS)) \
    X(CA_REQUIRED, aclnnAbs, (const aclTensor* self, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnMean, (const aclTensor* self, const aclIntArray* dim, bool keepDim, aclDataType dtype, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnCast, (const aclTensor* self, const aclDataType dtype, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnInplaceCopy, (aclTensor* selfRef, const aclTensor* src, CA_WS)) \
    X(CA_REQUIRED, aclnnCat, (const aclTensorList* tensors, int64_t dim, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnInplaceFillScalar, (aclTensor* selfRef, const aclScalar* value, CA_WS)) \
    X(CA_REQUIRED, aclnnEmbedding, (const aclTensor* weight, const aclTensor* indices, const aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnScatterNdUpdate, (aclTensor* varRef, const aclTensor* indices, const aclTensor* updates, CA_WS)) \
    X(CA_REQUIRED, aclnnConvolution, (const aclTensor* input, const aclTensor* weight, const aclTensor* bias, const aclIntArray* stride, const \
          aclIntArray* padding, const aclIntArray* dilation, bool transposed, const aclIntArray* outputPadding, const int64_t groups, aclTensor* \
          output, int8_t cubeMathType, CA_WS)) \
    X(CA_REQUIRED, aclnnUpsampleNearest2d, (const aclTensor* self, const aclIntArray* outputSize, aclTensor* out, CA_WS)) \
    X(CA_REQUIRED, aclnnArgMax, (const aclTensor* self, int64_t dim, bool keepdim, aclTensor* out, CA_WS)) \
    X(CA_OPTIONAL, aclnnFusedInferAttentionScoreV3, (const aclTensor* query, const aclTensorList* key, const aclTensorList* value, const \
          aclTensor* pseShiftOptional, const aclTensor* attenMaskOptional, const aclIntArray* actualSeqLengthsOptional, const aclIntArray* \
          actualSeqLengthsKvOptional, const aclTensor* deqScale1Optional, const aclTensor* quantScale1Optional, const aclTensor* \
          deqScale2Optional, const aclTensor* quantScale2Optional, const aclTensor* quantOffset2Optional, const aclTensor* \
          antiquantScaleOptional, const aclTensor* antiquantOffsetOptional, const aclTensor* blockTableOptional, const aclTensor* \
          queryPaddingSizeOptional, const aclTensor* kvPaddingSizeOptional, const aclTensor* keyAntiquantScaleOptional, const aclTensor* \
          keyAntiquantOffsetOptional, const aclTensor* valueAntiquantScaleOptional, const aclTensor* valueAntiquantOffsetOptional, const \
          aclTensor* keySharedPrefixOptional, const aclTensor* valueSharedPrefixOptional, const aclIntArray* actualSharedPrefixLenOptional, \
          const aclTensor* queryRopeOptional, const aclTensor* keyRopeOptional, const aclTensor* keyRopeAntiquantScaleOptional, int64_t \
          numHeads, double scaleValue, int64_t preTokens, int64_t nextTokens, char* inputLayout, int64_t numKeyValueHeads, int64_t sparseMode, \
          int64_t innerPrecise, int64_t blockSize, int64_t antiquantMode, bool softmaxLseFlag, int64_t keyAntiquantMode, int64_t \
          valueAntiquantMode, const aclTensor* attentionOut, const aclTensor* softmaxLse, CA_WS)) \
    X(CA_OPTIONAL, aclnnFusedInferAttentionScoreV2, (const aclTensor* query, const aclTensorList* key, const aclTensorList* value, const \
          aclTensor* pseShiftOptional, const aclTensor* attenMaskOptional, const aclIntArray* actualSeqLengthsOptional, const aclIntArray* \
          actualSeqLengthsKvOptional, const aclTensor* deqScale1Optional, const aclTensor* quantScale1Optional, const aclTensor* \
          deqScale2Optional, const aclTensor* quantScale2Optional, const aclTensor* quantOffset2Optional, const aclTensor* \
          antiquantScaleOptional, const aclTensor* antiquantOffsetOptional, const aclTensor* blockTableOptional, const aclTensor* \
          queryPaddingSizeOptional, const aclTensor* kvPaddingSizeOptional, const aclTensor* keyAntiquantScaleOptional, const aclTensor* \
          keyAntiquantOffsetOptional, const aclTensor* valueAntiquantScaleOptional, const aclTensor* valueAntiquantOffsetOptional, const \
          aclTensor* keySharedPrefixOptional, const aclTensor* valueSharedPrefixOptional, const aclIntArray* actualSharedPrefixLenOptional, \
          int64_t numHeads, double scaleValue, int64_t preTokens, int64_t nextTokens, char* inputLayout, int64_t numKeyValueHeads, int64_t \
          sparseMode, int64_t innerPrecise, int64_t blockSize, int64_t antiquantMode, bool softmaxLseFlag, int64_t keyAntiquantMode, int64_t \
          valueAntiquantMode, const aclTensor* attentionOut, const aclTensor* softmaxLse, CA_WS)) \
    X(CA_OPTIONAL, aclnnAddRmsNorm, (const aclTensor* x1, const aclTensor* x2, const aclTensor* gamma, double epsilon, const aclTensor* yOut, \
          const aclTensor* rstdOut, const aclTensor* xOut, CA_WS)) \
    X(CA_OPTIONAL, aclnnSwiGlu, (const aclTensor* x, int64_t dim, const aclTensor* out, CA_WS)) \
    X(CA_OPTIONAL, aclnnRotaryPositionEmbedding, (const aclTensor* x, const aclTensor* cos, const aclTensor* sin, int64_t mode, aclTensor* out, \
          CA_WS)) \
    X(CA_OPTIONAL, aclnnSort, (const aclTensor* self, bool stable, int64_t dim, bool descending, aclTensor* valuesOut, aclTensor* indicesOut, \
          CA_WS)) \
    X(CA_OPTIONAL, aclnnCumsum, (const aclTensor* self, int64_t dim, aclDataType dtype, aclTensor* out, CA_WS)) \
    X(CA_OPTIONAL, aclnnLtScalar, (const aclTensor* self, const aclScalar* other, aclTensor* out, CA_WS)) \
    X(CA_OPTIONAL, aclnnReduceSum, (const aclTensor* self, const aclIntArray* dims, bool keepDims, aclDataType dtype, aclTensor* out, CA_WS)) \
    X(CA_OPTIONAL, aclnnMinimum, (const aclTensor* self, const aclTensor* other, aclTensor* out, CA_WS)) \
    X(CA_OPTIONAL, aclnnDynamicQuant, (const aclTensor* x, const aclTensor* smoothScalesOptional, const aclTensor* yOut, const aclTensor* scaleOut, \
          CA_WS)) \
    X(CA_OPTIONAL, aclnnQuantMatmulV4, (const aclTensor* x1, const aclTensor* x2, const aclTensor* scale, const aclTensor* offset, const \
          aclTensor* pertokenScaleOptional, const aclTensor* bias, bool transposeX1, bool transposeX2, const aclTensor* out, CA_WS)) \
    X(CA_OPTIONAL, aclnnGroupNormSilu, (const aclTensor* self, const aclTensor* gamma, const aclTensor* beta, int64_t group, double eps, \
          aclTensor* out, aclTensor* meanOut, aclTensor* rstdOut, CA_WS))

/* The functions as found; an optional one that was not found is NULL. */
#define CA_FUNCTION(need, result, name, parameters) result (*name) parameters;
#define CA_OPERATOR(need, name, parameters) aclnnStatus (*name##GetWorkspaceSize) parameters; aclnnStatus (*name) CA_PHASE2;
struct ca_api {
    CA_RUNTIME(CA_FUNCTION)
    CA_BASE(CA_FUNCTION)
    CA_OPERATORS(CA_OPERATOR)
};
#undef CA_FUNCTION
#undef CA_OPERATOR

/* For who defines them: a library that exports these names is checked against their prototypes by the compiler. */
#ifdef CA_PROTOTYPES
#define CA_FUNCTION(need, result, name, parameters) result name parameters;
#define CA_OPERATOR(need, name, parameters) aclnnStatus name##GetWorkspaceSize parameters; aclnnStatus name CA_PHASE2;
CA_RUNTIME(CA_FUNCTION)
CA_BASE(CA_FUNCTION)
CA_OPERATORS(CA_OPERATOR)
#undef CA_FUNCTION
#undef CA_OPERATOR
#endif

/* One line of the table of all functions, in the order of struct ca_api. */
struct ca_symbol {
    const char *name;
    const char *prototype;      /* the parameters as written above */
    bool required;
};

size_t ca_symbol_count(void);
const struct ca_symbol *ca_symbol_at(size_t index);

/* Makes `context` the calling thread's, if it is not already the one that this function made so last. */
aclError ca_enter(const struct ca_api *api, aclrtContext context);

/* Finds all functions: in $ASCEND_HOME_PATH/lib64, then where the system's loader looks; operators in the split libraries of 9.x
   and libopapi_legacy.so, else in libopapi.so. Returns false with a reason where a library or a required function is missing. */
bool ca_load(struct ca_api *api, char *reason, size_t reason_size);

#include "CAscendHCCL.h"

#endif
