// SPDX-License-Identifier: GPL-2.0-only
/*
 * libiokmem's queues between two programs, one of which may write anything into the memory.
 *
 * Built a second time with the sanitizers, and a third time for valgrind.
 */
#include "library_utils.h"

#include <poll.h>
#include <pthread.h>

#define CAPACITY	256u

FIXTURE(queue)
{
	int fds;
	struct iokmem_queue *adds;		/* its maker's side */
	struct iokmem_desc *memory;
	struct iokmem_queue *takes;		/* the other side */
	struct iokmem_map *map;			/* what a hostile side writes */
	struct iokmem_queue_memory *header;
	char *entries;
};

FIXTURE_SETUP(queue)
{
	self->fds = nr_fds();
	ASSERT_OK(iokmem_queue_create(CAPACITY, &self->adds));
	ASSERT_OK(iokmem_queue_copy_memory(self->adds, &self->memory));
	self->map = make_map(self->memory, 0, 0, 0);
	ASSERT_NE(NULL, self->map);
	self->header = (void *)bytes_of(self->map);
	self->entries = (char *)(self->header + 1);
	ASSERT_OK(iokmem_queue_create_with_memory(self->memory, &self->takes));
}

FIXTURE_TEARDOWN(queue)
{
	iokmem_queue_put(self->takes);
	iokmem_queue_put(self->adds);
	iokmem_map_put(self->map);
	iokmem_desc_put(self->memory);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
	EXPECT_EQ(0, nr_leaks());
}

static char nth(size_t i)
{
	return i * 31 + (i >> 8);
}

static int32_t add(struct iokmem_queue *queue, size_t first, uint32_t length)
{
	char bytes[CAPACITY];
	uint32_t i;

	for (i = 0; i < length; i++)
		bytes[i] = nth(first + i);
	return iokmem_queue_enqueue(queue, bytes, length);
}

/* Take the first entry. *@length is its length, or 0 if it is not what add() has added. */
static int32_t take(struct iokmem_queue *queue, size_t first, uint32_t *length)
{
	char bytes[CAPACITY];
	int32_t ret;
	uint32_t i;

	*length = sizeof(bytes);
	ret = iokmem_queue_dequeue(queue, bytes, length);
	for (i = 0; !ret && i < *length; i++)
		if (bytes[i] != nth(first + i))
			*length = 0;
	return ret;
}

TEST_F(queue, passes_entries_of_any_length)
{
	size_t in = 0, out = 0, round;
	uint32_t length, got;
	int32_t ret;

	for (round = 0; round < 20000; round++) {
		length = 1 + (round * 7919) % 99;
		ret = add(self->adds, in, length);
		if (!ret)
			in += length;
		else
			ASSERT_EQ(IOKMEM_RETURN_OVERRUN, ret);
		if (ret || round % 2) {
			ASSERT_OK(iokmem_queue_peek(self->takes, &length));
			ASSERT_OK(take(self->takes, out, &got));
			ASSERT_LT(0, got);
			ASSERT_EQ(length, got);
			out += got;
		}
	}
	while (!take(self->takes, out, &got))
		out += got;
	EXPECT_EQ(in, out);
	EXPECT_LT(100000, in);
}

TEST_F(queue, has_an_error_for_each_refusal)
{
	char bytes[CAPACITY] = "";
	uint32_t length = 1;

	EXPECT_FAILS(UNDERRUN, ENODATA, iokmem_queue_dequeue(self->takes, bytes, &length));
	EXPECT_FAILS(UNDERRUN, ENODATA, iokmem_queue_peek(self->takes, &length));
	EXPECT_EQ(0, length);
	EXPECT_FAILS(MESSAGE_TOO_LARGE, EMSGSIZE,
		     iokmem_queue_enqueue(self->adds, bytes, CAPACITY - 3));
	EXPECT_FAILS(MESSAGE_TOO_LARGE, EMSGSIZE,
		     iokmem_queue_enqueue(self->adds, bytes, UINT32_MAX));
	EXPECT_OK(iokmem_queue_enqueue(self->adds, bytes, CAPACITY - 4));
	EXPECT_FAILS(OVERRUN, ENOSPC, iokmem_queue_enqueue(self->adds, bytes, 0));
	length = CAPACITY - 5;
	EXPECT_FAILS(NO_SPACE, ENOSPC, iokmem_queue_dequeue(self->takes, bytes, &length));
	EXPECT_EQ(CAPACITY - 4, length);
	EXPECT_OK(iokmem_queue_dequeue(self->takes, bytes, &length));
	EXPECT_OK(iokmem_queue_enqueue(self->adds, bytes, 0));
	EXPECT_OK(iokmem_queue_dequeue(self->takes, bytes, &length));
	EXPECT_EQ(0, length);

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_enqueue(NULL, bytes, 1));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_enqueue(self->adds, NULL, 1));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_dequeue(NULL, bytes, &length));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_dequeue(self->takes, NULL, &length));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_dequeue(self->takes, bytes, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_peek(self->takes, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_peek(NULL, &length));
}

TEST_F(queue, is_made_of_suitable_memory_only)
{
	struct iokmem_queue *none = (void *)1;
	struct iokmem_desc *sub, *desc;
	int socks[2];

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create(0, &none));
	EXPECT_EQ(NULL, none);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create(UINT32_MAX, &none));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create(UINT64_MAX, &none));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create(1, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create_with_memory(NULL, &none));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create_with_memory(self->memory, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_copy_memory(self->adds, NULL));

	/* No queue: nothing is there, or more than the memory has. */
	desc = make_buffer(IOKMEM_MEMORY_DIRECTION_INOUT, PAGE);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create_with_memory(desc, &none));
	EXPECT_EQ(NULL, none);
	iokmem_desc_put(desc);
	self->header->queue_size = CAPACITY + 1;
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create_with_memory(self->memory, &none));
	self->header->queue_size = UINT32_MAX;
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_create_with_memory(self->memory, &none));
	/* A queue that is in use does not look at the size again. */
	EXPECT_OK(add(self->adds, 0, CAPACITY - 4));
	self->header->queue_size = CAPACITY;

	/* Taking entries takes the right to write. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks));
	ASSERT_OK(iokmem_desc_send(self->memory, socks[0], IOKMEM_SEND_READ_ONLY));
	ASSERT_OK(iokmem_desc_receive(socks[1], &desc));
	EXPECT_FAILS(ERROR, EACCES, iokmem_queue_create_with_memory(desc, &none));
	iokmem_desc_put(desc);
	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(IOKMEM_MEMORY_DIRECTION_OUT, 0,
							   CAPACITY + 40, self->memory, &sub));
	EXPECT_FAILS(BAD_ARGUMENT, EACCES, iokmem_queue_create_with_memory(sub, &none));
	iokmem_desc_put(sub);
	close(socks[0]);
	close(socks[1]);
}

TEST_F(queue, of_a_hostile_side_has_errors_and_no_more)
{
	static const struct {
		uint32_t head, tail, size;
		int32_t taken, added;
	} tries[] = {
		{ CAPACITY + 1, 0, 0, IOKMEM_RETURN_BAD_MESSAGE_ID, IOKMEM_RETURN_BAD_MESSAGE_ID },
		{ 0, CAPACITY + 1, 0, IOKMEM_RETURN_BAD_MESSAGE_ID, IOKMEM_RETURN_BAD_MESSAGE_ID },
		{ UINT32_MAX, UINT32_MAX, 0, IOKMEM_RETURN_BAD_MESSAGE_ID,
		  IOKMEM_RETURN_BAD_MESSAGE_ID },
		{ 0, 16, 13, IOKMEM_RETURN_BAD_MESSAGE_ID, 0 },
		{ 0, 16, UINT32_MAX, IOKMEM_RETURN_BAD_MESSAGE_ID, 0 },
		{ 0, 3, 0, IOKMEM_RETURN_BAD_MESSAGE_ID, 0 },
		{ CAPACITY, 2, 0, IOKMEM_RETURN_BAD_MESSAGE_ID, 0 },
		{ CAPACITY - 2, 16, 13, IOKMEM_RETURN_BAD_MESSAGE_ID, 0 },
		{ CAPACITY - 2, 16, 12, 0, 0 },
	};
	uint32_t length;
	char bytes[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		self->header->head = tries[i].head;
		self->header->tail = tries[i].tail;
		memcpy(self->entries, &tries[i].size, 4);
		length = sizeof(bytes);
		EXPECT_EQ(tries[i].taken, iokmem_queue_dequeue(self->takes, bytes, &length))
			TH_LOG("%zu", i);
		if (tries[i].taken)
			EXPECT_EQ(EBADMSG, errno);
		self->header->head = tries[i].head;
		EXPECT_EQ(tries[i].added, iokmem_queue_enqueue(self->adds, bytes, 4))
			TH_LOG("%zu", i);
	}
}

/* The map has guards, and the room for an entry ends where the sanitizer looks. */
TEST_F(queue, survives_random_bytes)
{
	uint32_t length, room, at, taken = 0;
	unsigned int seed = 1;
	char *bytes;
	int i;

	for (i = 0; i < 20000; i++) {
		at = rand_r(&seed) % (CAPACITY - 3);
		length = rand_r(&seed) % CAPACITY;
		memcpy(self->entries + at, &length, 4);
		self->header->queue_size = rand_r(&seed);
		self->header->head = i % 2 ? at : rand_r(&seed) % (CAPACITY + 4);
		self->header->tail = rand_r(&seed) % (CAPACITY + 4);
		room = 1 + rand_r(&seed) % CAPACITY;
		bytes = malloc(room);
		memset(bytes, 0, room);
		length = room;
		taken += !iokmem_queue_dequeue(self->takes, bytes, &length);
		iokmem_queue_enqueue(self->adds, bytes, room);
		iokmem_queue_peek(self->takes, &length);
		free(bytes);
	}
	EXPECT_LT(100, taken);
	EXPECT_TRUE(is_zero(self->entries + CAPACITY, sizeof(struct iokmem_queue_appendix)));
}

/* The two sides at once. */

struct side {
	struct iokmem_queue *queue;
	int sock;
	size_t passed;
	size_t waits;
	int32_t ret;
};

#define PASSED	2000000

static void *take_all(void *arg)
{
	struct side *side = arg;
	struct pollfd poll_fd = { .fd = side->sock, .events = POLLIN };
	char bytes[64];
	uint32_t length;

	while (side->passed < PASSED) {
		side->ret = take(side->queue, side->passed, &length);
		if (side->ret == IOKMEM_RETURN_SUCCESS && length) {
			side->passed += length;
			continue;
		}
		/* A notification that is lost would end the wait by the time. */
		if (side->ret != IOKMEM_RETURN_UNDERRUN || poll(&poll_fd, 1, 60 * 1000) != 1)
			break;
		side->waits++;
		if (recv(side->sock, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			break;
	}
	return NULL;
}

TEST_F(queue, wakes_who_waits_for_entries)
{
	struct side side = { .queue = self->takes };
	pthread_t thread;
	size_t given = 0;
	uint32_t length;
	int socks[2];
	int32_t ret;

	NOT_FOR_VALGRIND;
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	EXPECT_FAILS(BAD_ARGUMENT, ENOTSOCK,
		     iokmem_queue_set_notification(self->adds, iokmem_desc_get_fd(self->memory)));
	EXPECT_FAILS(BAD_ARGUMENT, EBADF, iokmem_queue_set_notification(self->adds, -2));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_queue_set_notification(NULL, socks[0]));
	ASSERT_OK(iokmem_queue_set_notification(self->adds, socks[0]));
	side.sock = socks[1];
	ASSERT_EQ(0, pthread_create(&thread, NULL, take_all, &side));
	while (given < PASSED) {
		length = 1 + given % 97;
		if (length > PASSED - given)
			length = PASSED - given;
		ret = add(self->adds, given, length);
		if (!ret)
			given += length;
		else if (ret == IOKMEM_RETURN_OVERRUN)
			sched_yield();
		else
			break;
	}
	EXPECT_EQ(PASSED, given);
	pthread_join(thread, NULL);
	EXPECT_EQ(PASSED, side.passed);
	EXPECT_EQ(IOKMEM_RETURN_SUCCESS, side.ret);
	TH_LOG("%zu waits", side.waits);
	/* A peer that reads nothing, or is gone, makes nobody wait. */
	for (given = 0; given < 5000; given++) {
		char byte;

		length = 1;
		ASSERT_OK(iokmem_queue_enqueue(self->adds, "x", 1));
		ASSERT_OK(iokmem_queue_dequeue(self->takes, &byte, &length));
		if (given == 4000)
			close(socks[1]);
	}
	close(socks[0]);
}

static void *add_some(void *arg)
{
	struct side *side = arg;
	int i;

	for (i = 0; i < 20000; i++) {
		int32_t ret = iokmem_queue_enqueue(side->queue, "entry", 6);

		if (!ret)
			side->passed++;
		else if (ret != IOKMEM_RETURN_BUSY && ret != IOKMEM_RETURN_OVERRUN)
			side->ret = ret;
	}
	return NULL;
}

TEST_F(queue, is_not_broken_by_two_threads_of_one_side)
{
	struct side sides[2] = { { .queue = self->adds }, { .queue = self->adds } };
	size_t taken = 0, i;
	pthread_t threads[2];
	uint32_t length;
	char bytes[6];
	int32_t ret;

	NOT_FOR_VALGRIND;
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, add_some, &sides[i]));
	for (i = 0; i < 100000; i++) {
		length = sizeof(bytes);
		ret = iokmem_queue_dequeue(self->takes, bytes, &length);
		if (ret == IOKMEM_RETURN_UNDERRUN)
			continue;
		ASSERT_OK(ret);
		ASSERT_EQ(6, length);
		ASSERT_STREQ("entry", bytes);
		taken++;
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	length = sizeof(bytes);
	while (!iokmem_queue_dequeue(self->takes, bytes, &length))
		taken++;
	EXPECT_EQ(taken, sides[0].passed + sides[1].passed);
	EXPECT_EQ(0, sides[0].ret);
	EXPECT_EQ(0, sides[1].ret);
}

/* Another process, which has been sent the memory. */

static int take_in_child(void *arg)
{
	struct iokmem_queue **inherited = arg, *mine;
	struct iokmem_desc *desc;
	uint32_t length;

	/* A child does not have its parent's maps. */
	CHILD_EXPECT(iokmem_queue_enqueue(*inherited, "x", 1) == IOKMEM_RETURN_ERROR);
	CHILD_EXPECT(errno == ENOENT);
	CHILD_EXPECT(iokmem_queue_peek(*inherited, &length) == IOKMEM_RETURN_ERROR);
	CHILD_EXPECT(!iokmem_queue_copy_memory(*inherited, &desc));
	CHILD_EXPECT(!iokmem_queue_create_with_memory(desc, &mine));
	CHILD_EXPECT(!take(mine, 5, &length) && length == 50);
	CHILD_EXPECT(!add(mine, 7, 70));
	iokmem_queue_put(mine);
	iokmem_desc_put(desc);
	iokmem_queue_put(*inherited);
	return 0;
}

TEST_F(queue, is_shared_with_another_process)
{
	uint32_t length;

	ASSERT_OK(add(self->adds, 5, 50));
	EXPECT_EQ(0, run_child(take_in_child, &self->adds));
	EXPECT_OK(take(self->takes, 7, &length));
	EXPECT_EQ(70, length);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
