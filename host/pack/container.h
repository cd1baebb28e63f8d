/* The container of a compressed model (.syw): the files of a model as they are, but for tensors of integers,
 * which stand there as streams of codes. docs/CONTAINER.md specifies it to the byte.
 */
#ifndef SY_PACK_CONTAINER_H
#define SY_PACK_CONTAINER_H

#include "base/file.h"
#include "base/hash.h"
#include "pack/codes.h"

enum {
    SY_CONTAINER_VERSION = 1,
    SY_CONTAINER_HEAD = 104,
    SY_CONTAINER_ALIGN = 8,
    SY_CONTAINER_FILES_MAX = 1024
};

/* A file of the model: the first one is the model, others hold its external data. */
typedef struct sy_container_file {
    const char *name; /* below the model's folder: "model.onnx", "weights/data" */
    uint64_t size;
    sy_hash hash;
} sy_container_file;

typedef enum sy_section_kind { SY_SECTION_STORED = 0, SY_SECTION_CODES = 1 } sy_section_kind;

/* Bytes place .. place + size of a file. */
typedef struct sy_section {
    sy_section_kind kind;
    uint32_t file;
    uint64_t place, size;
    uint64_t offset, bytes; /* where they stand in the container */
    sy_hash hash;           /* of what stands there */

    /* Of CODES. */
    const char *name; /* of the tensor */
    sy_element element;
    sy_coding coding;
    sy_code_form form;
} sy_section;

typedef struct sy_container {
    const unsigned char *bytes;
    sy_container_file *files;
    uint32_t file_count;
    sy_section *sections; /* of each file in turn, its bytes without gaps */
    uint32_t section_count;
    sy_arena arena;
} sy_container; /* a zeroed one is empty */

/* Whether bytes begin as a container does. */
bool sy_container_recognise(const void *bytes, size_t size);

/* Reads what the container holds, but no section; the bytes must outlive it. SY_E_MODEL: damaged, cut short,
 * or contrary to itself; SY_E_UNSUPPORTED: a version that is not known. Release in either case.
 */
sy_status sy_container_open(sy_ctx *ctx, const void *bytes, size_t size, sy_container *out);
void sy_container_release(sy_container *container);

/* The bytes of one section, section->size of them, without reading another. SY_E_MODEL where it is damaged.
 */
sy_status sy_container_read_section(sy_ctx *ctx, const sy_container *container, const sy_section *section,
                                    void *out);

/* A whole file; the caller frees *out. SY_E_MODEL where a section is damaged or the file is not what was
 * packed. */
sy_status sy_container_read_file(sy_ctx *ctx, const sy_container *container, uint32_t file,
                                 unsigned char **out);

/* Writes every file below `folder`, which is made if it is missing; each appears whole or not at all. */
sy_status sy_container_unpack(sy_ctx *ctx, const sy_container *container, const char *folder);

/* A tensor of integers in a file that is being packed. */
typedef struct sy_pack_tensor {
    const char *name;
    uint32_t file;
    uint64_t place; /* of its first byte */
    sy_element element;
    size_t count;    /* elements */
    int rank;        /* count is the product of dims; rank 0: nothing is known of the shape */
    int64_t dims[8]; /* as many as a shape of graph/graph.h has */
} sy_pack_tensor;

typedef struct sy_pack_source {
    const char *name; /* as in sy_container_file */
    const unsigned char *bytes;
    size_t size;
} sy_pack_source;

/* What became of one tensor. */
typedef struct sy_packed_tensor {
    sy_coding coding; /* NONE: it is stored as it is */
    int bits;         /* of its codes */
    uint32_t values;  /* different ones */
    double entropy;   /* bits a code */
    size_t plain_bytes, packed_bytes;
} sy_packed_tensor;

/* Writes a container of the files, whole or not at all, and checks before it appears that they come out of it
 * bit for bit. `tensors` are sorted by file and place and do not overlap; their outcomes go to
 * out[tensor_count]. At most `max_segments` segments a tensor.
 */
sy_status sy_container_write(sy_ctx *ctx, const sy_pack_source *sources, uint32_t source_count,
                             const sy_pack_tensor *tensors, size_t tensor_count, uint32_t max_segments,
                             const char *path, sy_packed_tensor *out);

/* Why a file's name is refused; NULL: it names a file below the folder it is put in. */
const char *sy_container_name_fault(const char *name);

#endif
