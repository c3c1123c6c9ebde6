// FusedInferAttentionScoreV2 and V3. What quantises, pads or shares a prefix is not needed here and refused.
#include "fused_attention.h"

/// What V2 and V3 have in common, in their order; the parameters' names make the call.
#define CALL(operator) &(attention_call){ \
    .op = operator, .query = query, .key = key, .value = value, .pse = pseShiftOptional, .mask = attenMaskOptional, .lengths = actualSeqLengthsOptional, \
    .key_lengths = actualSeqLengthsKvOptional, .block_table = blockTableOptional, .heads = numHeads, .key_heads = numKeyValueHeads, .scale = scaleValue, \
    .previous = preTokens, .next = nextTokens, .layout = inputLayout, .sparse = sparseMode, .inner_precise = innerPrecise, .block_size = blockSize, \
    .lse_flag = softmaxLseFlag, .out = attentionOut, .lse = softmaxLse}

static aclnnStatus refuse_absent(const char *op, const void *const *extras, int count) {
    for (int i = 0; i < count; i++) if (extras[i]) SI_REFUSE(INVALID, "%s: the stand-in knows no quantisation, padding, prefix or separate rotary part", op);
    return 0;
}
#define ABSENT(...) refuse_absent(op, SI_KEPT(deqScale1Optional, quantScale1Optional, deqScale2Optional, quantScale2Optional, quantOffset2Optional, antiquantScaleOptional, \
    antiquantOffsetOptional, queryPaddingSizeOptional, kvPaddingSizeOptional, keyAntiquantScaleOptional, keyAntiquantOffsetOptional, valueAntiquantScaleOptional, \
    valueAntiquantOffsetOptional, keySharedPrefixOptional, valueSharedPrefixOptional, actualSharedPrefixLenOptional, __VA_ARGS__))

static const si_operator v2 = {.name = "aclnnFusedInferAttentionScoreV2", .run = run_fused_attention, .generated = true};
static const si_operator v3 = {.name = "aclnnFusedInferAttentionScoreV3", .run = run_fused_attention, .generated = true};

#define COMMON_TENSORS \
    const aclTensor *query, const aclTensorList *key, const aclTensorList *value, const aclTensor *pseShiftOptional, const aclTensor *attenMaskOptional, \
    const aclIntArray *actualSeqLengthsOptional, const aclIntArray *actualSeqLengthsKvOptional, const aclTensor *deqScale1Optional, const aclTensor *quantScale1Optional, \
    const aclTensor *deqScale2Optional, const aclTensor *quantScale2Optional, const aclTensor *quantOffset2Optional, const aclTensor *antiquantScaleOptional, \
    const aclTensor *antiquantOffsetOptional, const aclTensor *blockTableOptional, const aclTensor *queryPaddingSizeOptional, const aclTensor *kvPaddingSizeOptional, \
    const aclTensor *keyAntiquantScaleOptional, const aclTensor *keyAntiquantOffsetOptional, const aclTensor *valueAntiquantScaleOptional, \
    const aclTensor *valueAntiquantOffsetOptional, const aclTensor *keySharedPrefixOptional, const aclTensor *valueSharedPrefixOptional, \
    const aclIntArray *actualSharedPrefixLenOptional
#define COMMON_ATTRIBUTES \
    int64_t numHeads, double scaleValue, int64_t preTokens, int64_t nextTokens, char *inputLayout, int64_t numKeyValueHeads, int64_t sparseMode, int64_t innerPrecise, \
    int64_t blockSize, int64_t antiquantMode, bool softmaxLseFlag, int64_t keyAntiquantMode, int64_t valueAntiquantMode, const aclTensor *attentionOut, const aclTensor *softmaxLse

aclnnStatus aclnnFusedInferAttentionScoreV2GetWorkspaceSize(COMMON_TENSORS, COMMON_ATTRIBUTES, PHASE1) {
    const char *op = v2.name;
    (void)antiquantMode, (void)keyAntiquantMode, (void)valueAntiquantMode; // without meaning where nothing is quantised
    SI_TRY(ABSENT(NULL));
    return plan_fused_attention(CALL(&v2), workspaceSize, executor);
}
SI_PHASE2(aclnnFusedInferAttentionScoreV2)

aclnnStatus aclnnFusedInferAttentionScoreV3GetWorkspaceSize(COMMON_TENSORS, const aclTensor *queryRopeOptional, const aclTensor *keyRopeOptional,
                                                            const aclTensor *keyRopeAntiquantScaleOptional, COMMON_ATTRIBUTES, PHASE1) {
    const char *op = v3.name;
    (void)antiquantMode, (void)keyAntiquantMode, (void)valueAntiquantMode;
    SI_TRY(ABSENT(queryRopeOptional, keyRopeOptional, keyRopeAntiquantScaleOptional));
    return plan_fused_attention(CALL(&v3), workspaceSize, executor);
}
SI_PHASE2(aclnnFusedInferAttentionScoreV3)
