// Every message of the contract: bytes that are taken are written and read again as the same message. The first byte chooses which.
// Bytes with a field that the contract has not are read and no more: Swift's MessageCheck refuses them before, or nobody writes them.
#include "CWire.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// Their descriptors, listed by the script that builds this.
static const ProtobufCMessageDescriptor *const messages[] = {
#include "messages.inc"
};

static size_t pack(const ProtobufCMessage *message, uint8_t **bytes) {
    size_t count = protobuf_c_message_get_packed_size(message);
    *bytes = malloc(count + 1);
    if (protobuf_c_message_pack(message, *bytes) != count) abort();
    return count;
}

static bool has_unknown(const ProtobufCMessage *message);

static bool field_has_unknown(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const uint8_t *base = (const uint8_t *)message;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) return false;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(base + field->quantifier_offset);
        ProtobufCMessage *const *list = *(ProtobufCMessage *const *const *)(base + field->offset);
        for (size_t i = 0; i < count; i++)
            if (has_unknown(list[i])) return true;
        return false;
    }
    bool other = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && *(const uint32_t *)(base + field->quantifier_offset) != field->id;
    const ProtobufCMessage *inner = other ? NULL : *(ProtobufCMessage *const *)(base + field->offset);
    return inner && has_unknown(inner);
}

static bool has_unknown(const ProtobufCMessage *message) {
    if (message->n_unknown_fields > 0) return true;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (field_has_unknown(message, &message->descriptor->fields[i])) return true;
    return false;
}

static void read_again(const ProtobufCMessage *message) {
    uint8_t *first, *second;
    size_t first_count = pack(message, &first);
    ProtobufCMessage *again = protobuf_c_message_unpack(message->descriptor, NULL, first_count, first);
    if (!again) abort();
    size_t second_count = pack(again, &second);
    if (first_count != second_count || memcmp(first, second, first_count) != 0) abort();
    free(first);
    free(second);
    protobuf_c_message_free_unpacked(again, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    const ProtobufCMessageDescriptor *descriptor = messages[bytes[0] % (sizeof messages / sizeof messages[0])];
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, count - 1, bytes + 1);
    if (!message) return 0;
    if (!has_unknown(message)) read_again(message);
    protobuf_c_message_free_unpacked(message, NULL);
    return 0;
}
