/* The stand-in's own controls: what tests may ask of it beside CANN's names. It is a test instrument; it computes on the CPU.
 *
 * Environment, read by the first aclInit or DCMI call of a process and again by an aclInit after aclFinalize:
 *   STANDIN_SOC      Ascend910B3 (default), any 910B1 … B4-1, Ascend910_93xx, Ascend310P3 or Ascend910A; A2G3, which the driver
 *                    calls so and the runtime Ascend910B3; Ascend950PR_9589, of which the driver's side alone is here
 *   STANDIN_RELEASE  8.1.RC1 (default), 9.1.0 or 9.2.0: the version that CANN tells, and the highest level of ACL_OPT_DETERMINISTIC
 *                    that it takes, 1, 2 or 3 (107000 above it)
 *   STANDIN_DEVICES  dies, 1 by default
 *   STANDIN_MEMORY   bytes of a die's memory that processes may take; by default what the SoC has, less the driver's share
 *   STANDIN_MACHINE  a folder that the processes of one machine share: a die's limit, DCMI and npu-smi then count all of them,
 *                    and npu<number>.<process> tells who has set which die and how many bytes it holds
 *   STANDIN_FAULT    commas between:  oom@N  (the N-th aclrtMalloc fails once)   oom@N-  (it and all later ones)
 *                                     kernel@N:CODE  (the N-th operator ends with CODE: 507014, 507015, 507035, …)
 *                                     lost@N:CODE    (at the N-th operator the device is lost: 507010, 507901, 507054, …)
 *                                     stuck@N        (the N-th operator never ends)
 *                                     capture@N:CODE (the N-th aclmdlRICaptureBegin answers CODE)
 *                                     apart:D        (device D does not reach the others: HcclCommInitAll never returns, and gives all others
 *                                                     their communicators)
 *                                     slow-set-device (the first aclrtSetDevice takes two seconds)
 *                                     dcmi:CODE      (every DCMI function answers CODE: -8008, -8255, …)
 *   STANDIN_BUGS     commas between: mask512, tnd, inf: silent faults of attention that public reports tell of; hf32: a
 *                    convolution of FLOAT refuses cubeMathType 0, as its document has it on A2 and A3, and its code has not
 *   STANDIN_EVENTS   hardware events of a card, by default the chip's; aclrtRecordEvent takes one for each event of ACL_EVENT_SYNC
 *   STANDIN_ORDER_BY_PLACE  1: what CANN does unless it is asked for more. A row of a product is summed in an order that its number
 *                    decides on, below level 2 of ACL_OPT_DETERMINISTIC; a decode step of attention on pages divides 2,048 keys and
 *                    more among the cores while batch · key heads < 0.4 · cores, below level 3
 *   STANDIN_STRESS   a seed: every task of a stream, a replay's too, starts after a random delay of up to two milliseconds
 *   STANDIN_GRAPHS   recordings that a device has streams for, 64 by default: one more ends in 207008
 *   STANDIN_UNREPEATABLE  names of operators, commas between, whose executors can't be marked repeatable: 561000; with ":strided"
 *                    behind a name, where an output isn't contiguous. None is so by default: operators that always end in a copy onto
 *                    their own address (InplaceIndexCopy) or run on the AI CPU (SearchSorted) are not here, and which strided targets
 *                    of the others fall to the AI CPU is not known
 *   STANDIN_REFUSE   names of operators, commas between, each with a colon and a number: phase 1 answers 161002 where its first tensor
 *                    has so many rows
 *   STANDIN_THREADS  abort: ends the process where a device's operators are planned on a third thread, or on one that it had left
 *   STANDIN_WRONG    names of operators, commas between, that silently compute the negative of their result
 *   STANDIN_LEAKS    abort: aclFinalize ends the process when something was not given back; else it only tells
 * ASCEND_OPP_PATH and ASCEND_RT_VISIBLE_DEVICES act as with CANN.
 *
 * What hardware lets pass silently ends the process: a line on stderr that begins "stand-in: ", then SIGABRT. Among it: a handle
 * that is destroyed, consumed, foreign or of another kind; a tensor outside its storage or its memory, or unaligned; a copy in
 * another direction than its pointers'; a workspace too small, foreign or overlapping; arguments destroyed between the phases; a
 * byte in a guard; and whatever frees, reads or overwrites what a queued task may still use, judged by the order of calls and waits
 * alone; and a task for a stream that stopped and told so. A host that touches device memory gets SIGSEGV. What CANN itself refuses is answered with CANN's code.
 *
 * Of HCCL it has what a group of one process needs; where the real one waits for ever because ranks differ, it says how and ends the process.
 *
 * It can't show: tiling's further refusals, how kernels round, speed, exact limits of streams, recordings of several streams and their
 * updates, and links between cards. */
#pragma once

#include "CAscend.h"

#include <stddef.h>
#include <stdint.h>

/* Every function that the loader resolves: how a test that links the stand-in calls CANN. */
const struct ca_api *standin_cann(void);
/* The same of HCCL. */
const struct ca_hccl *standin_hccl(void);
/* Operators of which phase 2 began, and those that replays queued, counted for the process. */
uint64_t standin_operators(void);
/* Calls of every CANN function so far. */
uint64_t standin_calls(void);
/* Bytes that live allocations hold on a device, rounded as CANN rounds. */
uint64_t standin_allocated(int32_t device);
/* Hardware events of a device that recorded events of ACL_EVENT_SYNC hold. */
int standin_events(int32_t device);
/* While held, streams take tasks and start none: what the host reads early is then sure to be poison. */
void standin_hold(int held);
/* The address at which the test may read a device's memory in place of `device`; NULL outside live allocations. */
const void *standin_peek(const void *device);
/* Fills new memory, so that floats read as NaN. Freed memory is no memory at all: its addresses are never handed out again. */
enum { STANDIN_NEW = 0xFF };

/* CANN's names that the loader does not resolve today, and the stand-in has. */
typedef enum { ACL_EVENT_RECORDED_STATUS_NOT_READY = 0, ACL_EVENT_RECORDED_STATUS_COMPLETE = 1 } aclrtEventRecordedStatus;
typedef enum { ACL_STREAM_STATUS_COMPLETE = 0, ACL_STREAM_STATUS_NOT_READY = 1 } aclrtStreamStatus;
typedef enum { ACL_DEVICE_STATUS_NORMAL = 0, ACL_DEVICE_STATUS_ABNORMAL = 1 } aclrtDeviceStatus;
aclError aclFinalize(void);
aclError aclrtResetDevice(int32_t deviceId);
aclError aclrtQueryDeviceStatus(int32_t deviceId, aclrtDeviceStatus *status);
aclError aclrtStreamQuery(aclrtStream stream, aclrtStreamStatus *status);
aclError aclrtQueryEventStatus(aclrtEvent event, aclrtEventRecordedStatus *status);
aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent event);
aclError aclrtEventElapsedTime(float *ms, aclrtEvent startEvent, aclrtEvent endEvent);
typedef enum { ACL_MODEL_RI_CAPTURE_STATUS_NONE = 0, ACL_MODEL_RI_CAPTURE_STATUS_ACTIVE = 1, ACL_MODEL_RI_CAPTURE_STATUS_INVALIDATED = 2 } aclmdlRICaptureStatus;
aclError aclmdlRICaptureGetInfo(aclrtStream stream, aclmdlRICaptureStatus *status, aclmdlRI *modelRI);
aclnnStatus aclSetInputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *addr);
aclnnStatus aclSetOutputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *addr);
