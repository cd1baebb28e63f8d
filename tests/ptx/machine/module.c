#include "machine/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_PATH = 1024 };

/* Strict about bits, lenient about what PTX may do to memory: -O1 compiles twice as fast, and runs checked
 * code as fast as -O2. */
static const char *const flags[] = {"-std=gnu11",        "-w",
                                    "-shared",           "-fPIC",
                                    "-fwrapv",           "-fno-strict-aliasing",
                                    "-ffp-contract=off", "-fno-math-errno",
                                    "-fno-trapping-math"};
static const char *const runtime_files[] = {"abi.h", "runtime.h", "functions.h", "opcodes.def"};

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t hash_file(uint64_t hash, const char *path)
{
    char block[4097];
    FILE *file = fopen(path, "rb");
    size_t count;
    while (file && (count = fread(block, 1, sizeof block - 1, file)) > 0) {
        block[count] = '\0';
        hash = hash_text(hash, block);
    }
    if (file)
        fclose(file);
    return hash;
}

static bool has_fma(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

/* argv of the compiler; `source` and `output` may be NULL, for hashing. */
static void command(const vm_options *options, const char *source, const char *output, const char *argv[32])
{
    int n = 0;
    argv[n++] = options->compiler;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        argv[n++] = flags[i];
    argv[n++] = "-O1";
    if (options->checked)
        argv[n++] = "-DVM_CHECKED";
    if (has_fma()) {
        argv[n++] = "-mfma";
        argv[n++] = "-mavx2";
    }
    argv[n++] = "-I" PTX_RUNTIME;
    if (source) {
        argv[n++] = source;
        argv[n++] = "-o";
        argv[n++] = output;
        argv[n++] = "-lm";
    }
    argv[n] = NULL;
}

/* Two different seeds make 128 bits: the name of the compiled file. */
static void name_of(const vm_options *options, const char *c, char name[40])
{
    const char *argv[32];
    uint64_t hashes[2] = {UINT64_C(0xcbf29ce484222325), UINT64_C(0x9ae16a3b2f90404f)};
    command(options, NULL, NULL, argv);
    for (int h = 0; h < 2; h++) {
        for (int i = 0; argv[i]; i++)
            hashes[h] = hash_text(hashes[h], argv[i]);
        for (size_t i = 0; i < sizeof runtime_files / sizeof runtime_files[0]; i++) {
            char path[MAX_PATH];
            snprintf(path, sizeof path, "%s/%s", PTX_RUNTIME, runtime_files[i]);
            hashes[h] = hash_file(hashes[h], path);
        }
        hashes[h] = hash_text(hashes[h], c);
    }
    snprintf(name, 40, "%016llx%016llx", (unsigned long long)hashes[0], (unsigned long long)hashes[1]);
}

static bool run_compiler(const char *argv[], const char *log_path)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int failed = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed)
        return false;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0;
}

static bool write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    const bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

static bool compile(const vm_options *options, const char *c, const char *stem, const char *library,
                    char *message, size_t message_bytes)
{
    char source[MAX_PATH], output[MAX_PATH], log[MAX_PATH];
    const char *argv[32];
    const int pid = (int)getpid();
    const bool fits = snprintf(source, sizeof source, "%s.%d.c", stem, pid) < MAX_PATH - 8 &&
                      snprintf(output, sizeof output, "%s.%d.so", stem, pid) < MAX_PATH - 8 &&
                      snprintf(log, sizeof log, "%s.%d.log", stem, pid) < MAX_PATH - 8;
    if (!fits || !write_text(source, c)) {
        snprintf(message, message_bytes, "cannot write '%s': %s", source, strerror(errno));
        return false;
    }
    command(options, source, output, argv);
    if (!run_compiler(argv, log)) {
        snprintf(message, message_bytes, "'%s' did not compile '%s'; what it said is in '%s'", argv[0],
                 source, log);
        return false;
    }
    unlink(log);
    unlink(source);
    if (rename(output, library) == 0)
        return true;
    snprintf(message, message_bytes, "cannot rename '%s': %s", output, strerror(errno));
    return false;
}

/* The folder the library of this code lies in. */
static void folder_of_library(char *folder, size_t bytes)
{
    Dl_info info = {0};
    dladdr((void *)flags, &info);
    const char *slash = info.dli_fname ? strrchr(info.dli_fname, '/') : NULL;
    snprintf(folder, bytes, "%.*s", slash ? (int)(slash - info.dli_fname) : 1, slash ? info.dli_fname : ".");
}

static const vm_module *open_library(const char *path, void **library, char *message, size_t message_bytes)
{
    *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const vm_module *translated = *library ? dlsym(*library, "vm_translated") : NULL;
    if (translated && translated->abi == VM_ABI)
        return translated;
    snprintf(message, message_bytes, "cannot load '%s': %s", path,
             *library ? "of another version" : dlerror());
    if (*library)
        dlclose(*library);
    *library = NULL;
    return NULL;
}

/* The folder of compiled modules, made if need be. */
static bool find_folder(const vm_options *options, char folder[MAX_PATH], char *message, size_t message_bytes)
{
    char beside[MAX_PATH - 16];
    folder_of_library(beside, sizeof beside);
    if (options->cache)
        snprintf(folder, MAX_PATH, "%s", options->cache);
    else
        snprintf(folder, MAX_PATH, "%s/cache", beside);
    if (strlen(folder) < MAX_PATH - 64 && (mkdir(folder, 0755) == 0 || errno == EEXIST))
        return true;
    snprintf(message, message_bytes, "cannot make the folder '%s': %s", folder, strerror(errno));
    return false;
}

/* The library of this C text, compiled if it is not in the folder. */
static const vm_module *build(const vm_options *options, const char *c, void **library, char *message,
                              size_t message_bytes)
{
    char folder[MAX_PATH], stem[MAX_PATH + 48], path[MAX_PATH + 64], name[40];
    if (!find_folder(options, folder, message, message_bytes))
        return NULL;
    name_of(options, c, name);
    snprintf(stem, sizeof stem, "%s/%s", folder, name);
    snprintf(path, sizeof path, "%s.so", stem);
    if (access(path, R_OK) != 0 && !compile(options, c, stem, path, message, message_bytes))
        return NULL;
    return open_library(path, library, message, message_bytes);
}

static bool build_whole(const vm_options *options, vm_loaded *out, char *message, size_t message_bytes)
{
    ptx_buffer c = {0};
    const vm_module *translated = NULL;
    if (ptx_emit(&out->unit, NULL, &c))
        translated = build(options, c.text, &out->library, message, message_bytes);
    else
        snprintf(message, message_bytes, "%s", out->unit.error);
    free(c.text);
    for (u32 i = 0; translated && i < translated->kernel_count; i++)
        out->parts[i].kernel = translated->kernels[i];
    out->variables = translated ? translated->variables : NULL;
    out->variable_count = translated ? translated->variable_count : 0;
    return translated != NULL;
}

static bool write_parts(vm_loaded *out, char *message, size_t message_bytes)
{
    vm_part *part = out->parts;
    for (const ptx_function *f = out->unit.functions; f; f = f->next) {
        ptx_buffer c = {0};
        if (!f->is_kernel || !f->is_defined)
            continue;
        const bool written = ptx_emit(&out->unit, f, &c);
        part++->c = c.text;
        if (!written) {
            snprintf(message, message_bytes, "%s", out->unit.error);
            return false;
        }
    }
    return true;
}

static bool describe_parts(vm_loaded *out)
{
    u32 count = 0;
    for (const ptx_function *f = out->unit.functions; f; f = f->next)
        count += f->is_kernel && f->is_defined;
    out->parts = calloc(count + 1, sizeof *out->parts);
    for (const ptx_function *f = out->unit.functions; f && out->parts; f = f->next)
        if (f->is_kernel && f->is_defined)
            ptx_describe(&out->unit, f, &out->parts[out->part_count++].kernel);
    return out->parts != NULL;
}

bool vm_module_load(const vm_options *options, const char *ptx, vm_loaded *out, char *message,
                    size_t message_bytes)
{
    *out = (vm_loaded){.checked = options->checked};
    bool loaded = ptx_parse(&out->unit, ptx);
    if (!loaded)
        snprintf(message, message_bytes, "%s", out->unit.error);
    else if (!describe_parts(out))
        loaded = false;
    else if (ptx_has_variables(&out->unit))
        loaded = build_whole(options, out, message, message_bytes);
    else
        loaded = write_parts(out, message, message_bytes);
    if (!loaded)
        vm_module_unload(out);
    return loaded;
}

bool vm_module_ready(const vm_options *options, const vm_loaded *loaded, vm_part *part, char *message,
                     size_t message_bytes)
{
    vm_options as_loaded = *options;
    as_loaded.checked = loaded->checked;
    if (part->kernel.run)
        return true;
    const vm_module *translated = build(&as_loaded, part->c, &part->library, message, message_bytes);
    if (translated)
        part->kernel.run = translated->kernels[0].run;
    return translated != NULL;
}

void vm_module_unload(vm_loaded *loaded)
{
    for (u32 i = 0; i < loaded->part_count; i++) {
        if (loaded->parts[i].library)
            dlclose(loaded->parts[i].library);
        free(loaded->parts[i].c);
    }
    if (loaded->library)
        dlclose(loaded->library);
    free(loaded->parts);
    ptx_unit_release(&loaded->unit);
    *loaded = (vm_loaded){0};
}

vm_part *vm_module_find(const vm_loaded *loaded, const char *kernel)
{
    for (u32 i = 0; i < loaded->part_count; i++)
        if (strcmp(loaded->parts[i].kernel.name, kernel) == 0)
            return &loaded->parts[i];
    return NULL;
}

const vm_variable *vm_module_variable(const vm_loaded *loaded, const char *name)
{
    for (u32 i = 0; i < loaded->variable_count; i++)
        if (strcmp(loaded->variables[i].name, name) == 0)
            return &loaded->variables[i];
    return NULL;
}
