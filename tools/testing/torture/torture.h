/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The torture: what its parts have in common.
 *
 *	world		shared by all processes: the model of all memory, and what happened
 *	  process	one address space, which may end at any moment
 *	    thread	does one random operation after the other
 *	      handle	a file descriptor that the thread has of a descriptor
 *	      reference	a map that the thread has, and has to release
 *
 * A word of a page names the page and its buffer: stamp(). Nobody ever writes anything else
 * there. So a map is right if it shows this value or zero, whoever writes meanwhile. Once
 * written, memory that cannot be purged must not show zero.
 *
 * A thread that has a reference has the map, unless another thread of the process has unmapped
 * it meanwhile, which struct bucket tells. The checks demand only what was certain throughout,
 * before and after a look.
 */
#ifndef _IOKMEM_TORTURE_H
#define _IOKMEM_TORTURE_H

/* Leave out the harness: its functions can be in one file of a program only. */
#define __KSELFTEST_HARNESS_H
#include "iokmem_utils.h"

#include "kselftest.h"

#include <pthread.h>
#include <stdatomic.h>

#define MAX_PAGES	1024	/* of a descriptor: two huge entries, if pages are of 4 KiB */
#define MAX_PIECES	8
#define NR_RECORDS	65536
#define NR_PROCESSES	5
#define NR_THREADS	3
#define NR_HANDLES	8	/* of a thread */
#define NR_REFERENCES	12
#define NR_BUCKETS	64
#define NR_SHELVES	6
#define NR_PUBLICS	6
#define MAX_MEMBERS	4
#define NR_WORDS	(PAGE / sizeof(__u64))
#define TRAIL_LENGTH	32
#define NR_COMMONS	4
#define COMMON_SIZE	(8 * PAGE)

/* The words of a page: two stamps, some for any values, and zeroes. */
#define FIRST_WORD	0
#define LAST_WORD	(NR_WORDS - 1)
#define NOTE_WORD	1
#define NR_NOTES	7

/**
 * struct piece - some pages of a buffer
 * @buffer: its identity
 * @first: which page of it comes first
 * @pages: how many
 */
struct piece {
	__u64 buffer;
	__u32 first;
	__u32 pages;
};

/**
 * struct shape - what there is to know of a descriptor, which never changes
 * @identity: its number in this world; never used twice
 * @options: those of the buffer; none of a multi-descriptor
 * @skew: of the first byte in its page
 * @capacity: in bytes
 * @owned: how many bytes may be shown, see kmod/desc/desc.h
 * @root: the identity of what has the maps
 * @window: it has no rights to what concerns all of the memory
 * @nr: how many pieces
 * @pieces: what pages it shows
 */
struct shape {
	__u64 identity;
	__u32 options;
	__u32 skew;
	__u64 capacity;
	__u64 owned;
	__u64 root;
	bool window;
	__u32 nr;
	struct piece pieces[MAX_PIECES];
};

/**
 * struct record - what happens to a buffer
 * @identity: whose record this is; it is somebody else's much later
 * @begun: how many changes of its content have begun
 * @ended: how many of these have ended; who is killed never does
 * @purged: it may have been emptied
 * @resized: its length may have changed
 * @revoking: how many threads are about to revoke it; who is killed counts for ever
 * @revoked: it has been revoked
 * @members: of a multi-descriptor: what its members' maps are of, which revokes it, too
 * @written: pages that have their stamp
 *
 * Changes are counted to find out whether somebody was alone: see change_begin().
 */
struct record {
	atomic_ullong identity;
	atomic_ullong begun;
	atomic_ullong ended;
	atomic_bool purged;
	atomic_bool resized;
	atomic_int revoking;
	atomic_bool revoked;
	atomic_ullong members[MAX_MEMBERS];
	atomic_ullong written[MAX_PAGES / 64];
};

/**
 * struct trace - an operation that was done, for people
 * @when: in nanoseconds
 * @pid: who did it
 * @op: which one, an index
 * @result: of the call
 * @call: what was called
 * @identity: of the descriptor
 * @address: of the map
 * @length: in bytes
 * @offset: in bytes
 * @options: of the call
 */
struct trace {
	__u64 when;
	__u32 pid;
	__u32 op;
	__s32 result;
	__u32 options;
	char call[16];
	__u64 identity;
	__u64 address;
	__u64 length;
	__u64 offset;
};

struct trail {
	__u32 next;
	struct trace traces[TRAIL_LENGTH];
};

#define MAX_OPS		64

struct world {
	__u64 seed;
	double until;		/* as now() */
	atomic_bool stop;
	atomic_bool failed;
	atomic_bool stormy;
	atomic_uint storm;	/* the number of this one or the last */
	__u32 possible;		/* options: without cache modes if memory has none */
	__s32 commons[NR_COMMONS];
	atomic_ullong next_identity;
	atomic_ullong next_process;
	atomic_ullong done[MAX_OPS];
	atomic_ullong checks;	/* looks that had to be right */
	atomic_ullong forks, execs, kills;
	atomic_ullong revokes;	/* that have begun */
	atomic_int revoking[NR_PROCESSES];	/* those that have not ended */
	atomic_ullong excused;	/* results that a revoke meanwhile may explain */
	atomic_ullong removals;	/* of a device: twice as many, and odd while it has no driver */
	char what[512];		/* what failed first */
	char where[64];
	pid_t pid, tid;
	struct trail trails[NR_PROCESSES][NR_THREADS + 1];
	struct record records[NR_RECORDS];
};

/**
 * struct bucket - what a process does to its maps of some descriptors
 * @epoch: changes when maps are unmapped that another thread may have
 * @busy: how many threads are about to unmap or to release something
 *
 * A reference that was got when nobody was busy is good as long as the epoch stays.
 */
struct bucket {
	atomic_ullong epoch;
	atomic_int busy;
};

struct handle {
	int fd;		/* -1: none */
	bool read_only;
	struct shape shape;
};

/**
 * struct reference - a map that a thread has
 * @fd: of its descriptor; -1: that is closed
 * @shape: of the descriptor
 * @options: of the request
 * @address: as told
 * @length: as told
 * @first: the page of the descriptor that the map begins with
 * @pages: how many are mapped; 0: there is no such reference
 * @read_only: it cannot be written
 * @redirected: it was made of other memory
 * @made_of: the pageable buffer that it was made of, or 0
 * @made_first: the page of that which it began with
 * @own: nobody else can have it, and it is all of its mapping
 * @bucket: who may unmap it
 * @epoch: of the bucket when it was got
 * @doubtful: somebody was busy there at the time
 * @public: where others see it, or NULL; in a copy, where it was seen
 * @version: in a copy: of @public
 */
struct reference {
	int fd;
	struct shape shape;
	__u32 options;
	__u64 address;
	__u64 length;
	__u32 first;
	__u32 pages;
	bool read_only;
	bool redirected;
	__u64 made_of;
	__u32 made_first;
	bool own;
	struct bucket *bucket;
	__u64 epoch;
	bool doubtful;
	struct public *public;
	__u64 version;
};

/**
 * struct public - a map of one thread that the others look at
 * @taken: by a thread
 * @version: odd while it changes, or nobody shows anything here
 * @reference: the map
 *
 * A seqlock: what is read while the version changes is not to be relied on.
 */
struct public {
	atomic_bool taken;
	atomic_ullong version;
	struct reference reference;
};

/**
 * struct process - one address space
 * @slot: which of the processes it is
 * @number: how many came before
 * @pressed: it is in a memory cgroup where memory is short
 * @leaving: its threads end
 * @left_over: a map could not be unmapped
 * @maps_begun: how many times something was to be mapped, by whatever call
 * @maps_ended: how many of these are over
 * @destroying: munmap() knows an address only; whoever else ends a map waits
 * @all: of maps whose descriptor changes
 * @buckets: of the others, by the number of the root descriptor
 * @shelf_lock: protects @shelf
 * @shelf: handles that threads put there for each other
 * @publics: maps for all to see
 */
struct process {
	unsigned int slot;
	__u64 number;
	bool pressed;
	atomic_bool leaving;
	atomic_bool left_over;
	atomic_ullong maps_begun;
	atomic_ullong maps_ended;
	pthread_rwlock_t destroying;
	struct bucket all;
	struct bucket buckets[NR_BUCKETS];
	pthread_mutex_t shelf_lock;
	struct handle shelf[NR_SHELVES];
	struct public publics[NR_PUBLICS];
};

struct thread {
	pthread_t thread;
	struct process *process;
	unsigned int index;
	unsigned int op;	/* what it is at */
	__u64 revokes;		/* that had begun when it began */
	bool unrest;		/* one of these had not ended */
	__u64 random;
	int pipe[2];
	struct handle handles[NR_HANDLES];
	struct reference references[NR_REFERENCES];
	char *arena;		/* reserved addresses, for placed maps */
	size_t arena_left;
};

#define ARENA_SIZE	(2 * MAX_PAGES * PAGE)

struct op {
	const char *name;
	unsigned int weight;
	void (*run)(struct thread *thread);
};

extern struct world *world;
extern int world_fd, device, wire[2];

/* world.c: the model, what happened, and what is wrong */
void world_create(__u64 seed, double seconds);
void world_join(int fd);
struct record *record_of(__u64 identity);
__u64 new_identity(void);
bool change_begin(__u64 buffer, __u64 *begun);
bool change_end(__u64 buffer, __u64 begun, bool alone);
__u64 below(struct thread *thread, __u64 n);
void trace(struct thread *thread, const char *call, __u64 identity, __u64 address,
	   __u64 length, __u64 offset, __u32 options, long result);
void fail_at(struct thread *thread, const char *where, int line, const char *format, ...)
	__printf(4, 5);
void report_failure(void);
bool expected(int err, const int *errors);
void begin_op(struct thread *thread);
bool is_revoked(const struct shape *shape);

#define fail(thread, ...) fail_at(thread, __FILE__, __LINE__, __VA_ARGS__)

/* access.c: touching memory that may not be there */
void catch_faults(void);
int load(__u64 address, __u64 *value);
int store(__u64 address, __u64 value);
int exchange(__u64 address, __u64 *expected, __u64 value);

/* content.c: what a page shows */
__u64 stamp(__u64 buffer, __u32 page, unsigned int word);
bool is_buffer(const struct shape *shape);
bool is_multi(const struct shape *shape);
bool is_pageable(const struct shape *shape);
void remember_making(struct reference *ref);
const struct piece *piece_of(const struct shape *shape, __u32 page, __u32 *in_buffer);
bool slice(const struct shape *from, __u32 first, __u32 pages, struct shape *to);
__u64 word_address(const struct reference *ref, __u32 page, unsigned int word);
void check_value(struct thread *thread, const struct reference *ref, __u32 page,
		 unsigned int word, __u64 value, bool written);
bool is_written(const struct reference *ref, __u32 page);
void look_at(struct thread *thread, const struct reference *ref, __u32 page);
void nudge(struct thread *thread, const struct reference *ref, __u32 page);
bool put_stamp(struct thread *thread, const struct reference *ref, __u32 page);

/* handles.c: descriptors, and passing them on */
struct handle *any_handle(struct thread *thread);
void take_over(struct thread *thread, int fd, bool read_only, const struct shape *shape);
void close_handles(struct thread *thread);
void clear_shelf(struct process *process);
bool receive_handle(struct handle *handle);

/* references.c: which maps a thread has, and how sure that is */
bool sure(const struct reference *ref);
bool hold(struct thread *thread, const struct reference *ref);
void let_go(struct thread *thread);
struct reference *any_reference(struct thread *thread);
struct reference *any_own_reference(struct thread *thread);
struct reference *room_for_reference(struct thread *thread);
void watch(struct thread *thread, struct reference *ref, struct bucket *bucket);
void forget_reference(struct reference *ref);
void drop_reference(struct thread *thread, struct reference *ref);
void hide(struct reference *ref);
size_t guard_size(const struct reference *ref);
struct bucket *bucket_of(struct process *process, const struct shape *shape);
void will_map(struct thread *thread);
void has_mapped(struct thread *thread);
char *arena_take(struct thread *thread, size_t size);

/* maps.c */
void map_at_birth(struct thread *thread, struct iokmem_create_buffer *arg,
		  const struct shape *shape);

/* storm.c */
void make_commons(void);
void close_commons(void);

/* The operations: handles.c to process.c. */
void op_create_buffer(struct thread *thread);
void op_create_sub(struct thread *thread);
void op_create_multi(struct thread *thread);
void op_duplicate(struct thread *thread);
void op_close(struct thread *thread);
void op_give(struct thread *thread);
void op_take(struct thread *thread);
void op_send(struct thread *thread);
void op_receive(struct thread *thread);
void op_query(struct thread *thread);
void op_set_length(struct thread *thread);
void op_set_purgeable(struct thread *thread);
void op_purge_alone(struct thread *thread);
void op_map(struct thread *thread);
void op_mmap(struct thread *thread);
void op_place(struct thread *thread);
void op_misuse(struct thread *thread);
void op_release(struct thread *thread);
void op_unmap(struct thread *thread);
void op_munmap(struct thread *thread);
void op_query_map(struct thread *thread);
void op_read(struct thread *thread);
void op_write(struct thread *thread);
void op_stamp(struct thread *thread);
void op_note(struct thread *thread);
void op_guards(struct thread *thread);
void op_meddle(struct thread *thread);
void op_publish(struct thread *thread);
void op_hide(struct thread *thread);
void op_visit(struct thread *thread);
void op_redirect(struct thread *thread);
void op_suspend(struct thread *thread);
void op_splice(struct thread *thread);
void op_direct_io(struct thread *thread);
void op_look_around(struct thread *thread);
void op_revoke(struct thread *thread);

/* device.c: memory of a device that goes */
void remove_device(void);
void op_device_memory(struct thread *thread);
void op_shrink(struct thread *thread);
void op_balloon(struct thread *thread);
void op_storm(struct thread *thread);
void op_fork(struct thread *thread);
void op_exec(struct thread *thread);
void op_exit(struct thread *thread);

extern const struct op ops[];
extern const unsigned int nr_ops;

/* process.c */
void run_process(unsigned int slot);
int resume_process(int argc, char **argv);

#endif /* _IOKMEM_TORTURE_H */
