#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/onnx/onnx.h"

/* Files that people pass by mistake, by how they begin. */
static const struct {
    size_t offset;
    const char *magic;
    size_t magic_bytes;
    const char *what;
    const char *remedy;
} known_files[] = {
#define MAGIC(offset, text) offset, text, sizeof(text) - 1
    {MAGIC(0, "\xff\xd8\xff"), "a JPEG image", "samples go after --data, the model comes first"},
    {MAGIC(0, "\x89PNG"), "a PNG image", "samples go after --data, the model comes first"},
    {MAGIC(0, "\x93NUMPY"), "a NumPy array", "samples go after --data, the model comes first"},
    {MAGIC(0, "\x89HDF"), "an HDF5 file, perhaps a Keras model", "export it to ONNX with tf2onnx"},
    {MAGIC(4, "TFL3"), "a TensorFlow Lite model", "export the model it was made from to ONNX"},
    {MAGIC(4, "ORTM"), "a model in onnxruntime's own format", "pass the .onnx file it was made from"},
    {MAGIC(0, "PK\x03\x04"), "a zip archive, perhaps a PyTorch checkpoint",
     "unpack it, or export the model with torch.onnx.export"},
    {MAGIC(0, "\x80\x02"), "a Python pickle, perhaps a PyTorch checkpoint",
     "export the model with torch.onnx.export"},
    {MAGIC(0, "\x1f\x8b"), "compressed by gzip", "unpack it with gunzip first"},
    {MAGIC(0, "BZh"), "compressed by bzip2", "unpack it with bunzip2 first"},
    {MAGIC(0, "\xfd"
              "7zXZ"),
     "compressed by xz", "unpack it with unxz first"},
    {MAGIC(0, "\x28\xb5\x2f\xfd"), "compressed by zstd", "unpack it with unzstd first"},
    {MAGIC(0, "%PDF"), "a PDF document", "pass the .onnx file"},
    {MAGIC(0, "\x7f"
              "ELF"),
     "a program or library", "pass the .onnx file"},
    {MAGIC(0, "ptrt"), "a TensorRT engine", "pass the .onnx file it was built from"},
    {MAGIC(0, "ftrt"), "a TensorRT engine", "pass the .onnx file it was built from"},
    {MAGIC(0, "7767517"), "an ncnn .param file", "pass the .onnx file it was converted from"},
    {MAGIC(0, "<!DOCTYPE html"), "a web page", "download the file itself (the \"raw\" link)"},
    {MAGIC(0, "<!doctype html"), "a web page", "download the file itself (the \"raw\" link)"},
    {MAGIC(0, "<html"), "a web page", "download the file itself (the \"raw\" link)"},
    {MAGIC(0, "<?xml"), "an XML file, perhaps an OpenVINO model",
     "pass the .onnx file it was converted from"},
#undef MAGIC
};

static sy_status refuse(sy_ctx *ctx, const char *what, const char *remedy)
{
    return sy_fail(ctx, SY_E_MODEL, "this is %s, not an ONNX model; %s", what, remedy);
}

static bool begins_with(const unsigned char *bytes, size_t size, const char *text)
{
    return size >= strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

/* A pointer is three short lines of text: version, oid, "size <bytes>". */
static sy_status refuse_lfs_pointer(sy_ctx *ctx, const unsigned char *bytes, size_t size)
{
    char text[512] = "";
    memcpy(text, bytes, size < sizeof text ? size : sizeof text - 1);
    const char *line = strstr(text, "\nsize ");
    char what[128] = "a git-lfs pointer";
    if (line)
        snprintf(what, sizeof what, "a git-lfs pointer to a file of %llu bytes",
                 strtoull(line + strlen("\nsize "), NULL, 10));
    return refuse(ctx, what, "run `git lfs pull` where it was cloned");
}

static bool looks_like_text(const unsigned char *bytes, size_t size)
{
    enum { ENOUGH = 512 };
    for (size_t i = 0; i < size && i < ENOUGH; i++)
        if ((bytes[i] < ' ' && !strchr("\t\r\n", bytes[i])) || bytes[i] == 0x7f || bytes[i] == 0)
            return false;
    return true;
}

sy_status sy_onnx_recognise(sy_ctx *ctx, const unsigned char *bytes, size_t size)
{
    if (size == 0)
        return sy_fail(ctx, SY_E_MODEL, "the file is empty; download or export the model again");
    if (begins_with(bytes, size, "version https://git-lfs"))
        return refuse_lfs_pointer(ctx, bytes, size);
    for (size_t i = 0; i < sizeof known_files / sizeof known_files[0]; i++) {
        const size_t offset = known_files[i].offset, count = known_files[i].magic_bytes;
        if (size >= offset + count && memcmp(bytes + offset, known_files[i].magic, count) == 0)
            return refuse(ctx, known_files[i].what, known_files[i].remedy);
    }
    if (looks_like_text(bytes, size))
        return refuse(ctx, "a text file", "pass the .onnx file");
    return SY_OK;
}
