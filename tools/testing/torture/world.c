// SPDX-License-Identifier: GPL-2.0-only
/*
 * The world: shared memory of all processes of the torture, with the model of all descriptors
 * and a log of operations.
 */
#include "torture.h"
#include "xorshift.h"

#include <stdarg.h>

struct world *world;
int world_fd;
int device;
int wire[2];

static void world_map(void)
{
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED, world_fd, 0);
	if (world == MAP_FAILED) {
		perror("# the world");
		exit(1);
	}
}

void world_create(__u64 seed, double seconds)
{
	world_fd = memfd_create("torture", 0);
	if (world_fd < 0 || ftruncate(world_fd, sizeof(*world))) {
		perror("# memfd_create");
		exit(1);
	}
	world_map();
	world->seed = seed;
	world->until = now() + seconds;
	world->next_identity = 1;
}

/* Map the world again after exec. */
void world_join(int fd)
{
	world_fd = fd;
	world_map();
}

struct record *record_of(__u64 identity)
{
	return &world->records[identity % NR_RECORDS];
}

/* Return the record of a new descriptor. It belonged to one that nobody has any more. */
__u64 new_identity(void)
{
	__u64 identity = world->next_identity++;
	struct record *record = record_of(identity);
	int i;

	record->identity = 0;
	record->begun = 0;
	record->ended = 0;
	record->purged = false;
	record->resized = false;
	record->revoking = 0;
	record->revoked = false;
	for (i = 0; i < MAX_MEMBERS; i++)
		record->members[i] = 0;
	for (i = 0; i < MAX_PAGES / 64; i++)
		record->written[i] = 0;
	record->identity = identity;
	return identity;
}

/*
 * Begin to change a buffer's content. Returns true if nobody else is doing so. If change_end()
 * returns true as well, nobody else did from begin to end.
 */
bool change_begin(__u64 buffer, __u64 *begun)
{
	struct record *record = record_of(buffer);

	*begun = record->begun++;
	return record->ended == *begun;
}

bool change_end(__u64 buffer, __u64 begun, bool alone)
{
	struct record *record = record_of(buffer);

	alone = alone && record->begun == begun + 1 && record->identity == buffer;
	record->ended++;
	return alone;
}

/* Return a random number below @n. */
__u64 below(struct thread *thread, __u64 n)
{
	return xorshift_below(&thread->random, n);
}

void trace(struct thread *thread, const char *call, __u64 identity, __u64 address,
	   __u64 length, __u64 offset, __u32 options, long result)
{
	struct trail *trail = &world->trails[thread->process->slot][thread->index];
	struct trace *t = &trail->traces[trail->next++ % TRAIL_LENGTH];
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	*t = (struct trace){
		.when = ts.tv_sec * 1000000000ULL + ts.tv_nsec,
		.pid = syscall(SYS_gettid),
		.op = thread->op,
		.identity = identity,
		.address = address,
		.length = length,
		.offset = offset,
		.options = options,
		.result = result,
	};
	snprintf(t->call, sizeof(t->call), "%s", call);
}

/* Return true if memory may be revoked while the thread is at its operation. */
static bool revokes_meanwhile(const struct thread *thread)
{
	return thread->unrest || world->revokes != thread->revokes;
}

void begin_op(struct thread *thread)
{
	int i;

	thread->revokes = world->revokes;
	thread->unrest = false;
	for (i = 0; i < NR_PROCESSES; i++)
		thread->unrest |= world->revoking[i] > 0;
}

static bool is_revoked_root(__u64 root)
{
	const struct record *record = record_of(root);
	int i;

	if (record->identity != root)
		return false;
	if (record->revoking || record->revoked)
		return true;
	for (i = 0; i < MAX_MEMBERS; i++)
		if (record->members[i] && is_revoked_root(record->members[i]))
			return true;
	return false;
}

/* Return true if the memory has been revoked, or is about to be. */
bool is_revoked(const struct shape *shape)
{
	return is_revoked_root(shape->root);
}

/*
 * Report only the first failure: later ones may follow from it. Operations begin with memory
 * that has not been revoked, so they may only fail for this reason if a revoke has come
 * between.
 */
void fail_at(struct thread *thread, const char *where, int line, const char *format, ...)
{
	va_list args;

	if (thread && revokes_meanwhile(thread)) {
		world->excused++;
		return;
	}
	if (atomic_exchange(&world->failed, true))
		return;
	va_start(args, format);
	vsnprintf(world->what, sizeof(world->what), format, args);
	va_end(args);
	snprintf(world->where, sizeof(world->where), "%s:%d, in %s", strrchr(where, '/') ?
		 strrchr(where, '/') + 1 : where, line,
		 thread ? ops[thread->op].name : "the beginning");
	world->pid = getpid();
	world->tid = syscall(SYS_gettid);
	world->stop = true;
}

static int by_time(const void *a, const void *b)
{
	const struct trace *left = a, *right = b;

	return left->when < right->when ? -1 : left->when > right->when;
}

static void show_trace(const struct trace *t)
{
	printf("# %.6f %u %s: %s #%llu at %#llx length %#llx offset %#llx options %#x: %d\n",
	       t->when / 1e9, t->pid, ops[t->op].name, t->call, t->identity, t->address,
	       t->length, t->offset, t->options, t->result);
}

/* Print the first failure, and the last operations of all processes. */
void report_failure(void)
{
	static struct trace all[NR_PROCESSES * (NR_THREADS + 1) * TRAIL_LENGTH];
	int n = ARRAY_SIZE(all), i;

	printf("# wrong: %s\n# at %s, by pid %d, thread %d\n# the last operations of all:\n",
	       world->what, world->where, world->pid, world->tid);
	for (i = 0; i < n; i++)
		all[i] = world->trails[i / TRAIL_LENGTH / (NR_THREADS + 1)]
			[i / TRAIL_LENGTH % (NR_THREADS + 1)].traces[i % TRAIL_LENGTH];
	qsort(all, n, sizeof(all[0]), by_time);
	for (i = 0; i < n; i++)
		if (all[i].when)
			show_trace(&all[i]);
}

/* Return true if @err is 0, or if -@err is in @errors, which ends with 0. */
bool expected(int err, const int *errors)
{
	if (!err)
		return true;
	while (*errors && *errors != -err)
		errors++;
	return *errors;
}
