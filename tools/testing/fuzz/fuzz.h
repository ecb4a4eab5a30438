/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer of the ioctls, guided by which of the module's code runs: what its parts have in
 * common.
 *
 *	arena		shared by all processes: programs that reached something new, and what
 *			has been reached
 *	  worker	has one process after the other run programs
 *	    process	makes programs from those that reached something new, and runs some, one
 *			after the other; has files and maps, in slots by which calls name them
 *	      thread	makes its calls of the program, one after the other
 *
 * Other tests say what a call has to return. The fuzzer looks for things that must never be,
 * whatever programs do: see struct arena.
 */
#ifndef _IOKMEM_FUZZ_H
#define _IOKMEM_FUZZ_H

/* Leave out the harness: its functions can be in one file of a program only. */
#define __KSELFTEST_HARNESS_H
#include "iokmem_utils.h"

#include "kselftest.h"

#include <stdatomic.h>

#define NR_CALLS	24	/* of a program */
#define NR_ARGS		6
#define NR_THREADS	2
#define NR_SLOTS	16
#define NR_WORKERS	4
#define NR_PROGRAMS	4096
#define NR_EDGES	65536u
#define HUGE_PAGE	(2UL << 20)

/**
 * struct call - a call of a program
 * @what: which one, of calls[]
 * @thread: which thread makes it
 * @into: the slot of the file or the map that it makes
 * @fail: which of the things that can fail in the kernel has to fail, from 1; 0: none
 * @arg: its arguments
 */
struct call {
	__u8 what;
	__u8 thread;
	__u8 into;
	__u8 fail;
	__u64 arg[NR_ARGS];
};

/**
 * struct program - what a process does
 * @root: as root
 * @driver: it has the driver's files, and not those of memory that it can only read
 * @nr: how many calls
 * @calls: the calls
 */
struct program {
	__u8 root;
	__u8 driver;
	__u32 nr;
	struct call calls[NR_CALLS];
};

/* The kind of an argument says how to choose it at random. */
enum kind {
	NUMBER,		/* one of its values */
	SOME_BITS,	/* some of its values */
	FILE_SLOT,
	MAP_SLOT,
	PLACE,		/* 0, or 1 plus a map's slot */
	OFFSET,
	SIZE,
};

/**
 * struct arg_type - an argument
 * @name: for people; NULL: there is no such argument
 * @kind: what it is
 * @values: for NUMBER and SOME_BITS, and ends with END
 */
struct arg_type {
	const char *name;
	enum kind kind;
	const __u64 *values;
};

#define END	0xdeadbeefdeadbeefULL

#define ONE_OF(name, values)	{ name, NUMBER, values }
#define BITS_OF(name, values)	{ name, SOME_BITS, values }
#define ARG(name, kind)		{ name, kind, NULL }

/**
 * struct call_type - a function of the kernel
 * @name: for people, and in corpus.txt
 * @weight: how often it is chosen
 * @args: what it takes
 * @run: make the call. Returns -errno, or anything else
 */
struct call_type {
	const char *name;
	unsigned int weight;
	struct arg_type args[NR_ARGS];
	long (*run)(const struct call *call);
};

extern const struct call_type calls[];
extern const unsigned int nr_calls;
extern const struct call_type other_calls[];
extern const unsigned int nr_other_calls;
extern const struct call_type driver_calls[];
extern const unsigned int nr_driver_calls;

#define RUN_MAGIC	"iokmem: this program runs"

/**
 * struct run - what a worker's process runs; in a page, which a crash leaves in the memory of the
 * guest
 * @magic: RUN_MAGIC
 * @program: what runs
 * @more: code has run that has not before
 * @finding: what must not be, or ""
 */
struct run {
	char magic[32];
	struct program program;
	bool more;
	char finding[128];
} __attribute__((aligned(4096)));

/**
 * struct arena - what all processes share
 * @runs: of the workers. What must never be: a process that SIGKILL does not end; an error that
 *	programs should not see; a new buffer that is not zero; a change of memory that a process
 *	can only read, or of other memory that is not a descriptor's. Whatever else goes wrong
 *	has the kernel complain.
 * @edges: those that have been reached, by hash
 * @nr_edges: how many
 * @nr_calls: calls that were made
 * @nr_runs: programs that were run
 * @until: when to make no more programs
 * @nr_programs: those that have reached something new
 * @programs: likewise
 */
struct arena {
	struct run runs[NR_WORKERS];

	atomic_uchar edges[NR_EDGES];
	atomic_uint nr_edges;
	atomic_ulong nr_calls;
	atomic_ulong nr_runs;
	double until;
	atomic_uint nr_programs;
	struct program programs[NR_PROGRAMS];
};

extern struct arena *arena;

/* A random number below @n. */
__u64 below(__u64 n);
void seed_random(__u64 seed);

/* program.c */
const struct call_type *type_of(const struct call *call);
void keep(const struct program *program);
void choose_program(struct program *program);
void print_program(FILE *out, const struct program *program);
bool read_program(FILE *in, struct program *program);

/**
 * struct place - a map that a program has made, or memory for it to use
 * @address: 0: none
 * @length: in bytes
 */
struct place {
	atomic_ullong address;
	atomic_ullong length;
};

/* process.c: the state of the process that runs a program. */
extern atomic_int files[NR_SLOTS];
extern struct place places[NR_SLOTS];
extern int exchange[2];		/* sockets by which processes give each other files */
extern int device;		/* /dev/iokmem */
extern bool has_capabilities;

int file_in(__u64 slot);
long put_file(const struct call *call, int fd);
__u64 address_in(__u64 slot);
__u64 length_in(__u64 slot);
long put_place(const struct call *call, __u64 address, __u64 length);
bool try_touch(void (*touch)(char *address, __u64 length), __u64 address, __u64 length);
void finding(const char *format, ...);

bool run_process(struct run *run, unsigned int nr, void (*choose)(struct program *program));
void fuzz_init(void);
void worker_init(void);

#endif /* _IOKMEM_FUZZ_H */
