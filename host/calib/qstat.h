/* The layout of a .qstat file, for the two files that write and read it. Integers are little endian.
 *
 *   "SYQSTAT\0", u32 version, then sections: four letters, u64 size, bytes.
 *   SRCE  32 bytes: SHA-256 of the model; string input shape; string preprocess
 *   SAMP  varint count; each: string name, 32 bytes SHA-256
 *   TENS  varint count; each: string name, varint elements, zeros, not finite, f32 min, max, varint exponent
 * + 128, exact sum, exact sum of squares, histogram of positive values, of negative values RECO  for each
 * tensor and each sample: f32 min, max, low, high CHAN  for each tensor: varint channels; where not 0: varint
 * elements of a channel, an exact sum each
 *   NFIN  only where there were values that are not finite; for each tensor: varint samples with such values;
 *         where not 0: string name of the first of them
 *   ARIT  only of FAST arithmetic: u8 1
 *   HASH  32 bytes: SHA-256 of every byte before this section
 *
 * A string is a varint length and bytes. A histogram is runs until it is full: varint empty bins, varint bins
 * that follow, a varint count each. An exact sum is the words that are not zero (or all ones above the last,
 * if it is negative): u8 sign, u8 first word, u8 words, u64 each.
 */
#ifndef SY_CALIB_QSTAT_H
#define SY_CALIB_QSTAT_H

#define SY_QSTAT_MAGIC   "SYQSTAT" /* with its NUL */
#define SY_QSTAT_VERSION 1

enum {
    SY_QSTAT_MAGIC_BYTES = 8,
    SY_QSTAT_EXPONENT_BIAS = 128,
};

#endif
