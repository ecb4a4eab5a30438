// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of requests in two processes, with each answer compared to the model of the
 * maps' rules (model/). The test learns from the answers which addresses the kernel chooses,
 * and checks against the model whether they may be new.
 *
 * One seed is fixed, and a second one depends on the time and is printed. IOKMEM_MODEL_SEED in
 * the environment replaces the second one.
 */
#include "iokmem_utils.h"

#include <sched.h>

#include "model/sequence.h"

#define ROUND_STEPS	150
#define SECONDS		2.5
#define NR_WORKERS	MODEL_KERNEL
#define ARENA_PAGES	48UL
/* Larger than the largest mapping with its guards, which may reach beyond the arena's end. */
#define MARGIN_PAGES	64UL

/* A request to a worker: a step and a file descriptor. */
struct call {
	struct step step;
	int fd;
};

struct reply {
	int err;
	__u64 address;
	__u64 length;
	struct iokmem_query_mapping query;
	unsigned char first, last;	/* bytes that the map shows */
	int vmas;
};

/* A process with an address space of its own, which carries out requests. */
struct worker {
	pid_t pid;
	int calls;
	int replies;
};

/* One round. */
struct round {
	struct sequence sequence;
	struct other other;
	struct worker worker[NR_WORKERS];
	int buffer[MODEL_MEMORIES];
	int file[MODEL_FILES];
};

/* Every memory has different bytes, so that a map of the wrong one shows. */
static unsigned char pattern(int memory, __u64 offset)
{
	return offset * 7 + offset / 256 * 13 + memory * 31;
}

/* Functions that run in a worker. */

static void do_create(const struct call *call, struct reply *reply)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = call->step.options,
		.address = call->step.address,
		.offset = call->step.offset,
		.length = call->step.length,
	};

	reply->err = iok(call->fd, IOKMEM_CREATE_MAPPING, &arg);
	reply->address = arg.address;
	reply->length = arg.length;
}

static void do_mmap(const struct call *call, struct reply *reply)
{
	bool read_only = call->step.options & IOKMEM_MAP_READ_ONLY;
	char *address = mmap(NULL, call->step.length,
			     PROT_READ | (read_only ? 0 : PROT_WRITE),
			     MAP_SHARED, call->fd, call->step.offset);

	reply->err = address == MAP_FAILED ? -errno : 0;
	reply->address = (uintptr_t)address;
	reply->length = round_up(call->step.length, PAGE);
}

static void do_unmap(const struct call *call, struct reply *reply)
{
	struct iokmem_unmap arg = {
		.size = sizeof(arg),
		.address = call->step.address,
		.length = call->step.length,
	};

	reply->err = iok(call->fd, IOKMEM_UNMAP, &arg);
}

static void do_call(const struct call *call, struct reply *reply)
{
	char *address = (char *)(uintptr_t)call->step.address;
	__u64 length = call->step.length;

	switch (call->step.kind) {
	case STEP_CREATE:
		do_create(call, reply);
		break;
	case STEP_MMAP:
		do_mmap(call, reply);
		break;
	case STEP_RELEASE:
		reply->err = release(call->fd, address, length);
		return;
	case STEP_UNMAP:
		do_unmap(call, reply);
		return;
	case STEP_QUERY:
		reply->err = query_map(call->fd, address, length, &reply->query);
		reply->vmas = nr_iokmem_vmas();
		return;
	case STEP_MUNMAP:
		reply->err = munmap(address, length) ? -errno : 0;
		return;
	default:
		reply->err = -ENOTTY;
		return;
	}
	if (!reply->err) {
		address = (char *)(uintptr_t)reply->address;
		reply->first = address[0];
		reply->last = address[reply->length - 1];
	}
}

static void work(const struct worker *worker)
{
	struct call call;

	while (read(worker->calls, &call, sizeof(call)) == sizeof(call)) {
		struct reply reply = { 0 };

		do_call(&call, &reply);
		if (write(worker->replies, &reply, sizeof(reply)) != sizeof(reply))
			break;
	}
	_exit(0);
}

/* Functions that control workers. */

static bool start_worker(struct round *round, int number)
{
	struct worker *worker = &round->worker[number];
	int calls[2], replies[2];

	if (pipe2(calls, O_CLOEXEC) || pipe2(replies, O_CLOEXEC))
		return false;
	worker->pid = fork();
	if (!worker->pid) {
		/* The worker ends with its parent. */
		close(calls[1]);
		work(&(struct worker){ .calls = calls[0], .replies = replies[1] });
	}
	close(calls[0]);
	close(replies[1]);
	worker->calls = calls[1];
	worker->replies = replies[0];
	return worker->pid > 0;
}

static void stop_worker(struct round *round, int number)
{
	struct worker *worker = &round->worker[number];

	close(worker->calls);
	close(worker->replies);
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
}

static void tell(struct sequence *sequence, const struct step *step,
		 struct reply *reply)
{
	struct round *round = sequence->private;
	struct worker *worker = &round->worker[step->space];
	struct call call = { .step = *step, .fd = round->file[step->file] };

	memset(reply, 0, sizeof(*reply));
	if (write(worker->calls, &call, sizeof(call)) != sizeof(call) ||
	    read(worker->replies, reply, sizeof(*reply)) != sizeof(*reply)) {
		sequence_wrong(sequence, "the process has died");
		reply->err = -ESRCH;
	}
}

/* The operations of struct other. */

static void expect_bytes(struct sequence *sequence, const struct step *step,
			 const struct reply *reply)
{
	const struct model_file *file = &sequence->model.file[step->file];
	__u64 offset = step->offset + (file->part ? file->start : 0);

	/* The rest of the last page, behind the end of the memory, is zero. */
	if (reply->first != pattern(file->memory, offset) ||
	    (offset + reply->length <= sequence->model.memory[file->memory].capacity &&
	     reply->last != pattern(file->memory, offset + reply->length - 1)))
		sequence_wrong(sequence, "at %#llx are other bytes",
			       (unsigned long long)reply->address);
}

static void kernel_create(struct sequence *sequence,
			  const struct model_request *request, struct answer *answer)
{
	struct reply reply;

	tell(sequence, &sequence->step, &reply);
	answer->err = reply.err;
	answer->address = reply.address;
	answer->length = reply.length;
	if (!reply.err)
		expect_bytes(sequence, &sequence->step, &reply);
}

static int kernel_call(struct sequence *sequence, const struct step *step)
{
	struct reply reply;

	tell(sequence, step, &reply);
	return reply.err;
}

static int kernel_query(struct sequence *sequence, const struct step *step,
			struct iokmem_query_mapping *query)
{
	struct reply reply;

	tell(sequence, step, &reply);
	*query = reply.query;
	return reply.err;
}

static int kernel_set_length(struct sequence *sequence, const struct step *step)
{
	struct round *round = sequence->private;

	return set_length(round->file[step->file], step->length);
}

static void kernel_exit(struct sequence *sequence, int space)
{
	stop_worker(sequence->private, space);
	if (!start_worker(sequence->private, space))
		sequence_wrong(sequence, "no new process: %s", strerror(errno));
}

static void check_buffer(struct sequence *sequence, int memory)
{
	struct round *round = sequence->private;
	const struct model *model = &sequence->model;
	struct iokmem_query_buffer buffer;

	if (query(round->buffer[memory], &buffer) ||
	    buffer.maps != model_maps_of(model, memory) ||
	    buffer.length != model->memory[memory].length ||
	    buffer.cache_mode != model->memory[memory].cache_mode)
		sequence_wrong(sequence, "memory %d has %u maps, length %#llx, mode %#x",
			       memory, buffer.maps, buffer.length, buffer.cache_mode);
}

/* Return a file of that memory. */
static int file_of(const struct model *model, int memory)
{
	int i;

	for (i = 0; i < model->nr_files; i++)
		if (model->file[i].memory == memory)
			return i;
	return -1;
}

static void check_map(struct sequence *sequence, const struct model_map *map)
{
	const struct model *model = &sequence->model;
	struct step step = {
		.kind = STEP_QUERY,
		.space = map->space,
		.file = file_of(model, map->memory),
		.address = map->address,
		.length = map->length,
	};
	const struct iokmem_query_mapping *query;
	struct reply reply;
	int i, vmas = 0;

	for (i = 0; i < model->nr_maps; i++)
		vmas += model->map[i].space == map->space && !model->map[i].inside;
	tell(sequence, &step, &reply);
	query = &reply.query;
	if (reply.vmas != vmas)
		sequence_wrong(sequence, "space %d has %d mappings, and not %d",
			       map->space, reply.vmas, vmas);
	/* A map that exists only because of maps inside it has no references. */
	if (!map->references && reply.err != -ENOENT)
		sequence_wrong(sequence, "map %u is still known", map->name);
	if (map->references &&
	    (reply.err || query->options != map->options ||
	     query->offset != map->offset || query->references != map->references ||
	     query->cache_mode != model->memory[map->memory].cache_mode))
		sequence_wrong(sequence, "map %u: error %d, options %#x, %#llx, %llu references",
			       map->name, reply.err, query->options, query->offset,
			       query->references);
}

/* Check all counts after every step, but only one of the maps, in turn. */
static void kernel_check(struct sequence *sequence)
{
	const struct model *model = &sequence->model;
	int i;

	for (i = 0; i < model->nr_memories; i++)
		check_buffer(sequence, i);
	if (model->nr_maps)
		check_map(sequence, &model->map[sequence->steps % model->nr_maps]);
}

static const struct other kernel = {
	.world = {
		.spaces		= NR_WORKERS,
		.mmap		= true,
		/* Nothing is requested between this address and the real end. */
		.task_size	= 1ULL << 63,
		.arena_pages	= ARENA_PAGES,
	},
	.create		= kernel_create,
	.mmap		= kernel_create,
	.release	= kernel_call,
	.unmap		= kernel_call,
	.query		= kernel_query,
	.munmap		= kernel_call,
	.set_length	= kernel_set_length,
	.exit		= kernel_exit,
	.check		= kernel_check,
};

/* Rounds. */

static bool make_buffer(struct round *round, int memory)
{
	const struct model_memory *model = &round->sequence.model.memory[memory];
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC), fd;
	__u64 i;
	char *bytes;

	fd = create(dev, IOKMEM_DIRECTION_INOUT |
			 (model->pageable ? IOKMEM_PAGEABLE : 0),
		    model->capacity, 0);
	close(dev);
	round->buffer[memory] = fd;
	if (fd < 0 || map(fd, 0, 0, 0, &bytes))
		return false;
	for (i = 0; i < model->capacity; i++)
		bytes[i] = pattern(memory, i);
	return !release(fd, bytes, model->capacity);
}

static bool make_file(struct round *round, int number)
{
	const struct model_file *file = &round->sequence.model.file[number];
	int whole = duplicate(round->buffer[file->memory],
			      file->read_only ? IOKMEM_FD_READ_ONLY : 0);

	round->file[number] = whole;
	if (!file->part || whole < 0)
		return whole >= 0;
	round->file[number] = create_sub(whole, IOKMEM_DIRECTION_INOUT, file->start,
					 file->length);
	close(whole);
	return round->file[number] >= 0;
}

static bool start_round(struct round *round)
{
	const struct model *model = &round->sequence.model;
	int i;

	round->other = kernel;
	/*
	 * An address that is free here is free in each worker, which starts as a copy of this
	 * process.
	 */
	round->other.world.arena =
		(uintptr_t)find_hole((ARENA_PAGES + MARGIN_PAGES) * PAGE, PAGE);
	sequence_init(&round->sequence, &round->other, round);
	for (i = 0; i < model->nr_memories; i++)
		if (!make_buffer(round, i))
			return false;
	for (i = 0; i < model->nr_files; i++)
		if (!make_file(round, i))
			return false;
	for (i = 0; i < NR_WORKERS; i++)
		if (!start_worker(round, i))
			return false;
	return true;
}

static void end_round(struct round *round)
{
	int i;

	for (i = 0; i < NR_WORKERS; i++)
		stop_worker(round, i);
	for (i = 0; i < round->sequence.model.nr_files; i++)
		close(round->file[i]);
	for (i = 0; i < round->sequence.model.nr_memories; i++)
		close(round->buffer[i]);
}

FIXTURE(model)
{
	__u64 seed;
	unsigned long seen[MODEL_NEW + 1];
	unsigned long steps;
};

FIXTURE_VARIANT(model)
{
	__u64 seed;
};

FIXTURE_VARIANT_ADD(model, same_seed)
{
	.seed = 1,
};

FIXTURE_VARIANT_ADD(model, seed_of_the_day)
{
	.seed = 0,
};

FIXTURE_SETUP(model)
{
	const char *given = getenv("IOKMEM_MODEL_SEED");
	struct timespec ts;
	cpu_set_t one;

	model_page = PAGE;
	model_cached_only = !has_cache_mode(IOKMEM_MAP_INHIBIT_CACHE);
	/* The two processes always wait for each other. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	clock_gettime(CLOCK_REALTIME, &ts);
	self->seed = variant->seed;
	if (!self->seed)
		self->seed = given ? strtoull(given, NULL, 0) :
				     (__u64)ts.tv_sec * 1000000000 + ts.tv_nsec;
	self->seed = self->seed ? self->seed : 1;
	printf("# seed %llu\n", (unsigned long long)self->seed);
}

FIXTURE_TEARDOWN(model)
{
}

TEST_F(model, kernel_and_model_agree)
{
	double until = now() + SECONDS;
	__u8 bytes[STEP_BYTES];
	struct round round;
	bool right = true;
	int i, j;

	do {
		ASSERT_TRUE(start_round(&round));
		for (i = 0; right && i < ROUND_STEPS; i++) {
			for (j = 0; j < STEP_BYTES; j++)
				bytes[j] = step_random(&self->seed);
			right = sequence_step(&round.sequence, bytes);
		}
		end_round(&round);
		self->steps += round.sequence.steps;
		for (i = 0; i <= MODEL_NEW; i++)
			self->seen[i] += round.sequence.seen[i];
	} while (right && now() < until);

	if (!right)
		sequence_print(stdout, &round.sequence);
	ASSERT_TRUE(right) TH_LOG("after %lu steps", self->steps);
	printf("# %lu steps; requests: %lu failed, %lu old maps, %lu sub-maps, %lu new mappings\n",
	       self->steps, self->seen[MODEL_FAILS], self->seen[MODEL_OLD],
	       self->seen[MODEL_SUB], self->seen[MODEL_NEW]);
	EXPECT_LT(0, self->seen[MODEL_FAILS]);
	EXPECT_LT(0, self->seen[MODEL_OLD]);
	EXPECT_LT(0, self->seen[MODEL_SUB]);
	EXPECT_LT(0, self->seen[MODEL_NEW]);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
