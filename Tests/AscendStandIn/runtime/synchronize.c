// What the host asks of a stream: to wait for it, whether it ended, what it does after a failure.
#include "state.h"

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t timeout) {
    SI_ENTER();
    if (timeout < -1 || timeout == 0) return si_fail(107000, "aclrtSynchronizeStreamWithTimeout: timeout %d", timeout);
    struct timespec deadline = si_deadline(timeout < 0 ? 0 : timeout);
    si_lock();
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error) error = si_capture_forbid(found, true, __func__);
    if (!error) error = si_stream_await(found, found->issued, timeout < 0 ? NULL : &deadline, 507046);
    if (!error) {
        si_clock_merge(&si_known, si_stream_clock(found->id));
        error = si_stream_error(found);
    }
    si_unlock();
    return error;
}

aclError aclrtStreamQuery(aclrtStream stream, aclrtStreamStatus *status) {
    SI_ENTER();
    if (!status) return si_fail(100000, "aclrtStreamQuery: status is NULL");
    si_lock();
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error) error = si_capture_forbid(found, true, __func__);
    if (!error) {
        bool complete = found->ended == found->issued;
        *status = complete ? ACL_STREAM_STATUS_COMPLETE : ACL_STREAM_STATUS_NOT_READY;
        if (complete) si_clock_merge(&si_known, si_stream_clock(found->id));
        error = si_stream_error(found);
    }
    si_unlock();
    return error;
}

aclError aclrtSetStreamFailureMode(aclrtStream stream, uint64_t mode) {
    SI_ENTER();
    if (mode > ACL_STOP_ON_FAILURE) return si_fail(107000, "aclrtSetStreamFailureMode: mode %llu", (unsigned long long)mode);
    if (!stream) return si_fail(100000, "aclrtSetStreamFailureMode: the default stream can't be set");
    si_lock();
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error && found->mode_set) si_die("aclrtSetStreamFailureMode: the mode of stream %d is set a second time", found->id);
    if (!error) {
        found->mode_set = true;
        found->stop_on_failure = mode == ACL_STOP_ON_FAILURE;
    }
    si_unlock();
    return error;
}
