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

#include "translate/unit.h"

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
    argv[n++] = options->checked ? "-O1" : "-O2";
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

static bool write_text(const char *path, const ptx_buffer *text)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    const bool written = fwrite(text->text, 1, text->length, file) == text->length;
    return fclose(file) == 0 && written;
}

static bool compile(const vm_options *options, const ptx_buffer *c, const char *stem, const char *library,
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

static bool translate(const char *ptx, ptx_buffer *c, char *message, size_t message_bytes)
{
    ptx_unit unit;
    const bool done = ptx_parse(&unit, ptx) && ptx_emit(&unit, c);
    if (!done)
        snprintf(message, message_bytes, "%s", unit.error);
    ptx_unit_release(&unit);
    return done;
}

/* The folder the library of this code lies in. */
static void folder_of_library(char *folder, size_t bytes)
{
    Dl_info info = {0};
    dladdr((void *)flags, &info);
    const char *slash = info.dli_fname ? strrchr(info.dli_fname, '/') : NULL;
    snprintf(folder, bytes, "%.*s", slash ? (int)(slash - info.dli_fname) : 1, slash ? info.dli_fname : ".");
}

static bool open_library(const char *path, vm_loaded *out, char *message, size_t message_bytes)
{
    out->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    out->translated = out->library ? dlsym(out->library, "vm_translated") : NULL;
    if (out->translated && out->translated->abi == VM_ABI)
        return true;
    snprintf(message, message_bytes, "cannot load '%s': %s", path,
             out->library ? "of another version" : dlerror());
    vm_module_unload(out);
    return false;
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

static bool load(const vm_options *options, const ptx_buffer *c, vm_loaded *out, char *message,
                 size_t message_bytes)
{
    char folder[MAX_PATH], stem[MAX_PATH + 48], library[MAX_PATH + 64], name[40];
    if (!find_folder(options, folder, message, message_bytes))
        return false;
    name_of(options, c->text, name);
    snprintf(stem, sizeof stem, "%s/%s", folder, name);
    snprintf(library, sizeof library, "%s.so", stem);
    if (access(library, R_OK) != 0 && !compile(options, c, stem, library, message, message_bytes))
        return false;
    return open_library(library, out, message, message_bytes);
}

bool vm_module_load(const vm_options *options, const char *ptx, vm_loaded *out, char *message,
                    size_t message_bytes)
{
    ptx_buffer c = {0};
    *out = (vm_loaded){0};
    const bool loaded =
        translate(ptx, &c, message, message_bytes) && load(options, &c, out, message, message_bytes);
    free(c.text);
    return loaded;
}

void vm_module_unload(vm_loaded *loaded)
{
    if (loaded->library)
        dlclose(loaded->library);
    *loaded = (vm_loaded){0};
}

const vm_kernel *vm_module_kernel(const vm_loaded *loaded, const char *name)
{
    for (u32 i = 0; i < loaded->translated->kernel_count; i++)
        if (strcmp(loaded->translated->kernels[i].name, name) == 0)
            return &loaded->translated->kernels[i];
    return NULL;
}

const vm_variable *vm_module_variable(const vm_loaded *loaded, const char *name)
{
    for (u32 i = 0; i < loaded->translated->variable_count; i++)
        if (strcmp(loaded->translated->variables[i].name, name) == 0)
            return &loaded->translated->variables[i];
    return NULL;
}
