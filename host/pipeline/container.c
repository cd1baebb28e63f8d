#include "pipeline/container.h"

#include <stdlib.h>
#include <string.h>

#include "import/import.h"
#include "import/location.h"
#include "import/mindir/model.h"
#include "pack/find.h"

/* A container that is read. */
typedef struct opened {
    sy_mapped file;
    sy_container container;
} opened;

static void close_container(opened *from)
{
    sy_container_release(&from->container);
    sy_file_unmap(&from->file);
}

static sy_status open_container(sy_ctx *ctx, const char *path, opened *out)
{
    *out = (opened){0};
    SY_TRY(sy_file_map(ctx, path, &out->file));
    return sy_while(ctx, sy_container_open(ctx, out->file.bytes, out->file.size, &out->container), "%s",
                    path);
}

static sy_status is_container(sy_ctx *ctx, const char *path, bool *out)
{
    sy_mapped file = {0};
    SY_TRY(sy_file_map(ctx, path, &file));
    *out = sy_container_recognise(file.bytes, file.size);
    sy_file_unmap(&file);
    return SY_OK;
}

static sy_status import_bytes(sy_ctx *ctx, const void *bytes, size_t size, sy_graph **out)
{
    if (sy_mind_recognise(bytes, size))
        return sy_import_mindir_bytes(ctx, bytes, size, NULL, out);
    return sy_import_onnx_bytes(ctx, bytes, size, NULL, out);
}

static sy_status import_packed(sy_ctx *ctx, const char *path, sy_graph **out, sy_hash *out_hash)
{
    opened from;
    unsigned char *bytes = NULL;
    sy_status status = open_container(ctx, path, &from);
    if (status == SY_OK && from.container.file_count > 1)
        status = sy_fail(
            ctx, SY_E_UNSUPPORTED,
            "%s: holds a model of %u files; 'steelyard unpack' writes them, and that model can be used", path,
            from.container.file_count);
    if (status == SY_OK)
        status = sy_while(ctx, sy_container_read_file(ctx, &from.container, 0, &bytes), "%s", path);
    if (status == SY_OK)
        status = sy_while(ctx, import_bytes(ctx, bytes, from.container.files[0].size, out), "%s", path);
    if (status == SY_OK && out_hash)
        *out_hash = from.container.files[0].hash;
    free(bytes);
    close_container(&from);
    return status;
}

sy_status sy_job_import(sy_job *job, const char *path, sy_graph **out, sy_hash *out_hash)
{
    bool packed = false;
    SY_TRY(is_container(job->ctx, path, &packed));
    return packed ? import_packed(job->ctx, path, out, out_hash)
                  : sy_import_model(job->ctx, path, out, out_hash);
}

/* A model that is being packed: its file and those of its external data. */
typedef struct packing {
    sy_job *job;
    const char *model;
    sy_mapped *files;
    sy_pack_source *sources;
    sy_pack_found found;
    sy_packed_tensor *results;
    sy_arena arena;
} packing;

static sy_status map_sources(packing *work, sy_mapped model)
{
    sy_ctx *ctx = work->job->ctx;
    const uint32_t others = work->found.location_count;
    char *folder = sy_folder_of(work->model);
    sy_status status = sy_check_alloc(ctx, folder);
    work->files[0] = model;
    work->sources[0] =
        (sy_pack_source){.name = sy_path_base(work->model), .bytes = model.bytes, .size = model.size};
    for (uint32_t i = 0; i < others && status == SY_OK; i++) {
        const char *location = work->found.locations[i];
        if (!sy_location_stays_below(location))
            status =
                sy_fail(ctx, SY_E_MODEL, "%s: a model may only have data below its own folder, not in '%s'",
                        work->model, location);
        const char *path = sy_arena_printf(&work->arena, "%s/%s", folder, location);
        if (status == SY_OK)
            status = sy_check_alloc(ctx, path);
        if (status == SY_OK)
            status = sy_while(ctx, sy_file_map(ctx, path, &work->files[i + 1]), "%s has external data",
                              work->model);
        work->sources[i + 1] = (sy_pack_source){
            .name = location, .bytes = work->files[i + 1].bytes, .size = work->files[i + 1].size};
    }
    free(folder);
    return status;
}

static sy_status open_sources(packing *work)
{
    sy_ctx *ctx = work->job->ctx;
    sy_mapped model = {0};
    SY_TRY(sy_file_map(ctx, work->model, &model));
    sy_status status = SY_OK;
    if (sy_container_recognise(model.bytes, model.size))
        status = sy_fail(ctx, SY_E_ARGUMENT, "%s: is a container already", work->model);
    if (status == SY_OK)
        status = sy_while(ctx, sy_pack_find(ctx, model.bytes, model.size, &work->found), "%s", work->model);
    if (status == SY_OK) {
        const size_t count = (size_t)work->found.location_count + 1;
        work->files = sy_arena_alloc(&work->arena, count, sizeof *work->files);
        work->sources = sy_arena_alloc(&work->arena, count, sizeof *work->sources);
        work->results = sy_arena_alloc(&work->arena, work->found.count, sizeof *work->results);
        status = sy_check_alloc(ctx, work->files && work->sources && work->results ? work : NULL);
    }
    if (status == SY_OK)
        return map_sources(work, model);
    sy_file_unmap(&model);
    return status;
}

static void close_packing(packing *work)
{
    for (uint32_t i = 0; work->files && i <= work->found.location_count; i++)
        sy_file_unmap(&work->files[i]);
    sy_pack_found_release(&work->found);
    sy_arena_release(&work->arena);
}

static bool describe_tensor(sy_text *text, cJSON *list, const char *name, sy_coding coding, int bits,
                            size_t plain, size_t packed)
{
    cJSON *item = sy_json_item(list);
    sy_text_printf(text, "  %-11s %2d bits %10zu -> %9zu bytes  %s\n", sy_coding_name((int)coding), bits,
                   plain, packed, name);
    return item && sy_json_text(item, "name", name) &&
           sy_json_text(item, "coding", sy_coding_name((int)coding)) &&
           sy_json_number(item, "code_bits", bits) && sy_json_number(item, "plain_bytes", (double)plain) &&
           sy_json_number(item, "packed_bytes", (double)packed);
}

static sy_status report_packing(packing *work, const char *path, sy_report *report, cJSON *json)
{
    sy_mapped written = {0};
    size_t total = 0, coded = 0;
    cJSON *list = sy_json_array(json, "tensors");
    SY_TRY(sy_file_map(work->job->ctx, path, &written));
    bool good = list && sy_json_text(json, "container", path) &&
                sy_json_number(json, "container_bytes", (double)written.size);
    for (size_t t = 0; t < work->found.count && good; t++) {
        const sy_packed_tensor *result = &work->results[t];
        if (result->coding == SY_CODING_NONE)
            continue;
        coded++;
        good = describe_tensor(&report->text, list, work->found.tensors[t].name, result->coding, result->bits,
                               result->plain_bytes, result->packed_bytes) &&
               sy_json_number(cJSON_GetArrayItem(list, (int)coded - 1), "entropy", result->entropy);
    }
    for (uint32_t f = 0; f <= work->found.location_count; f++)
        total += work->sources[f].size;
    sy_text_printf(&report->text, "%s: %zu bytes, the model it holds has %zu; %zu tensors are coded\n", path,
                   written.size, total, coded);
    good = good && sy_json_number(json, "model_bytes", (double)total);
    sy_file_unmap(&written);
    return sy_check_alloc(work->job->ctx, good ? report : NULL);
}

sy_status sy_job_pack(sy_job *job, const char *model, const char *path, sy_report *report, cJSON *json)
{
    packing work = {.job = job, .model = model};
    sy_status status = SY_OK;
    if (sy_path_same(model, path))
        return sy_fail(job->ctx, SY_E_ARGUMENT, "%s: is the model; name another file for the container",
                       path);
    status = open_sources(&work);
    if (status == SY_OK)
        status = sy_container_write(job->ctx, work.sources, work.found.location_count + 1, work.found.tensors,
                                    work.found.count, (uint32_t)job->config->weight_quant_param.max_segments,
                                    path, work.results);
    if (status == SY_OK)
        status = report_packing(&work, path, report, json);
    close_packing(&work);
    return status;
}

static bool describe_container(const opened *from, const char *path, sy_report *report)
{
    cJSON *json = sy_json_object(report->json, "container"), *files = sy_json_array(json, "files"),
          *tensors = sy_json_array(json, "tensors");
    bool good = json && files && tensors && sy_json_number(json, "bytes", (double)from->file.size);
    sy_text_printf(&report->text, "%s: a container of %zu bytes\n", path, from->file.size);
    for (uint32_t f = 0; f < from->container.file_count && good; f++) {
        const sy_container_file *file = &from->container.files[f];
        char hash[SY_HASH_TEXT];
        sy_hash_print(&file->hash, hash);
        sy_text_printf(&report->text, "file %s: %zu bytes, SHA-256 %s\n", file->name, (size_t)file->size,
                       hash);
        cJSON *item = sy_json_item(files);
        good = item && sy_json_text(item, "name", file->name) &&
               sy_json_number(item, "bytes", (double)file->size) && sy_json_text(item, "sha256", hash);
    }
    for (uint32_t s = 0; s < from->container.section_count && good; s++) {
        const sy_section *section = &from->container.sections[s];
        if (section->kind == SY_SECTION_CODES)
            good = describe_tensor(&report->text, tensors, section->name, section->coding, section->form.bits,
                                   section->size, section->bytes);
    }
    return good;
}

sy_status sy_job_report_container(sy_job *job, const char *path, sy_report *report)
{
    bool packed = false;
    SY_TRY(is_container(job->ctx, path, &packed));
    if (!packed)
        return SY_OK;
    opened from;
    sy_status status = open_container(job->ctx, path, &from);
    if (status == SY_OK)
        status = sy_check_alloc(job->ctx, describe_container(&from, path, report) ? report : NULL);
    close_container(&from);
    return status;
}

static sy_status pack(sy_job *job, sy_report *report)
{
    SY_TRY(sy_job_require(job, job->request->model, "the model"));
    SY_TRY(sy_job_require(job, job->request->output, "--output FILE.syw"));
    return sy_job_pack(job, job->request->model, job->request->output, report, report->json);
}

sy_status sy_pack(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, pack, out);
}

static sy_status unpack(sy_job *job, sy_report *report)
{
    sy_ctx *ctx = job->ctx;
    const char *folder = job->request->output;
    SY_TRY(sy_job_require(job, job->request->model, "the container"));
    SY_TRY(sy_job_require(job, folder, "--output FOLDER"));
    opened from;
    sy_status status = open_container(ctx, job->request->model, &from);
    if (status == SY_OK)
        status = sy_while(ctx, sy_container_unpack(ctx, &from.container, folder), "%s", job->request->model);
    if (status == SY_OK)
        status = sy_check_alloc(ctx, describe_container(&from, job->request->model, report) ? report : NULL);
    for (uint32_t f = 0; status == SY_OK && f < from.container.file_count; f++)
        sy_text_printf(&report->text, "%s/%s\n", folder, from.container.files[f].name);
    close_container(&from);
    return status;
}

sy_status sy_unpack(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, unpack, out);
}
