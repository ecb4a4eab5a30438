// SPDX-License-Identifier: GPL-2.0
/*
 * Shared queues: entries, the layout of IODataQueueMemory, and a program that writes anything into
 * the memory.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/vmalloc.h>

#include "kinds.h"
#include "page/compat.h"

#define CAPACITY	256U

static void free_queue(void *queue)
{
	iokmem_queue_free(queue);
}

static struct iokmem_queue *keep_queue(struct kunit *test, struct iokmem_queue *queue)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_queue, queue));
	return queue;
}

static struct iokmem_queue *queue(struct kunit *test)
{
	return keep_queue(test, iokmem_queue_with_capacity(CAPACITY));
}

/* Return the memory of a queue, as the other side sees it. */
static u32 *memory_of(struct kunit *test, struct iokmem_queue *queue)
{
	struct iokmem_desc *desc = keep_desc(test, iokmem_queue_get_memory_descriptor(queue));
	u32 *memory = iokmem_buffer_get_bytes_no_copy(desc);

	KUNIT_ASSERT_NOT_NULL(test, memory);
	return memory;
}

/* Return the length of the first entry if it is taken and has the pattern from @first on. */
static int take(struct iokmem_queue *queue, size_t first)
{
	u8 bytes[CAPACITY];
	u32 length = sizeof(bytes);
	int err = iokmem_queue_dequeue(queue, bytes, &length);

	if (err)
		return err;
	return has_pattern(bytes, length, first) ? length : -EILSEQ;
}

static int add(struct iokmem_queue *queue, size_t first, u32 length)
{
	u8 bytes[CAPACITY + 1];
	u32 i;

	for (i = 0; i < length; i++)
		bytes[i] = pattern(first + i);
	return iokmem_queue_enqueue(queue, bytes, length);
}

static void entries_come_out_as_they_went_in(struct kunit *test)
{
	struct iokmem_queue *q = queue(test);
	size_t in = 0, out = 0, round;
	struct rnd_state random;
	int added, taken;
	u32 length;

	prandom_seed_state(&random, 1);
	/* Of any length, so that they end and begin everywhere. */
	for (round = 0; round < 20000; round++) {
		length = prandom_u32_state(&random) % 100;
		added = add(q, in, length);
		if (!added)
			in += length;
		KUNIT_ASSERT_TRUE(test, !added || added == -ENOSPC);
		if (added || prandom_u32_state(&random) % 2) {
			taken = take(q, out);
			KUNIT_ASSERT_TRUE(test, taken >= 0 || taken == -ENODATA);
			/* An empty queue has room for the entry. */
			KUNIT_ASSERT_FALSE(test, added && taken == -ENODATA);
			out += max(taken, 0);
		}
	}
	while ((taken = take(q, out)) >= 0)
		out += taken;
	KUNIT_EXPECT_EQ(test, -ENODATA, taken);
	KUNIT_EXPECT_EQ(test, in, out);
	KUNIT_EXPECT_LT(test, 200000UL, in);
}

static void layout_is_that_of_iokit(struct kunit *test)
{
	struct iokmem_queue *q = queue(test);
	struct iokmem_desc *desc = keep_desc(test, iokmem_queue_get_memory_descriptor(q));
	u32 *memory = memory_of(test, q), *entries = memory + 3;

	KUNIT_EXPECT_EQ(test, CAPACITY, memory[0]);
	KUNIT_EXPECT_EQ(test, 0U, memory[1]);
	KUNIT_EXPECT_EQ(test, 0U, memory[2]);
	KUNIT_EXPECT_EQ(test, 12 + CAPACITY + 28, iokmem_desc_get_length(desc));
	/* The version of the appendix. */
	KUNIT_EXPECT_EQ(test, 0U, entries[CAPACITY / 4]);
	KUNIT_ASSERT_EQ(test, 0, add(q, 0, 100));
	KUNIT_EXPECT_EQ(test, 100U, entries[0]);
	KUNIT_EXPECT_TRUE(test, has_pattern((u8 *)(entries + 1), 100, 0));
	KUNIT_EXPECT_EQ(test, 104U, memory[2]);
	KUNIT_ASSERT_EQ(test, 0, add(q, 0, 100));
	KUNIT_EXPECT_EQ(test, 208U, memory[2]);
	KUNIT_ASSERT_EQ(test, 100, take(q, 0));
	KUNIT_EXPECT_EQ(test, 104U, memory[1]);

	/* There are 48 bytes at the end. The next entry is at the start, and its size in both. */
	KUNIT_ASSERT_EQ(test, 0, add(q, 0, 60));
	KUNIT_EXPECT_EQ(test, 60U, entries[208 / 4]);
	KUNIT_EXPECT_EQ(test, 60U, entries[0]);
	KUNIT_EXPECT_EQ(test, 64U, memory[2]);
	KUNIT_EXPECT_EQ(test, 100, take(q, 0));
	KUNIT_EXPECT_EQ(test, 60, take(q, 0));
	KUNIT_EXPECT_EQ(test, 64U, memory[1]);
}

static void each_refusal_has_its_error(struct kunit *test)
{
	struct iokmem_queue *q = queue(test);
	u8 bytes[CAPACITY] = {};
	u32 length = 9;

	KUNIT_EXPECT_EQ(test, -ENODATA, iokmem_queue_dequeue(q, bytes, &length));
	KUNIT_EXPECT_EQ(test, -ENODATA, iokmem_queue_peek(q, &length));
	KUNIT_EXPECT_EQ(test, 9U, length);
	KUNIT_EXPECT_EQ(test, -EMSGSIZE, add(q, 0, CAPACITY - 3));
	KUNIT_EXPECT_EQ(test, -EMSGSIZE, iokmem_queue_enqueue(q, bytes, U32_MAX));
	/* All of it. */
	KUNIT_EXPECT_EQ(test, 0, add(q, 0, CAPACITY - 4));
	KUNIT_EXPECT_EQ(test, -ENOSPC, add(q, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_queue_peek(q, &length));
	KUNIT_EXPECT_EQ(test, CAPACITY - 4, length);
	length = CAPACITY - 5;
	KUNIT_EXPECT_EQ(test, -ENOSPC, iokmem_queue_dequeue(q, bytes, &length));
	KUNIT_EXPECT_EQ(test, CAPACITY - 4, length);
	KUNIT_EXPECT_EQ(test, 0, bytes[0]);
	KUNIT_EXPECT_EQ(test, CAPACITY - 4, take(q, 0));
	/* An entry may have no data. */
	KUNIT_EXPECT_EQ(test, 0, add(q, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, take(q, 0));
	KUNIT_EXPECT_EQ(test, -ENODATA, take(q, 0));
}

/* Numbers that a program has written, and what the driver's calls return. */
struct nonsense {
	const char *name;
	u32 head;
	u32 tail;
	u32 first;	/* where an entry's size is at 0 */
	u32 second;	/* and at @head, if that is elsewhere */
	int taken;
	int added;
};

static const struct nonsense nonsense[] = {
	{ "head_behind_the_end", CAPACITY + 1, 0, 8, 0, -EBADMSG, -EBADMSG },
	{ "tail_behind_the_end", 0, CAPACITY + 1, 8, 0, -EBADMSG, -EBADMSG },
	{ "largest_head", U32_MAX, 0, 8, 0, -EBADMSG, -EBADMSG },
	{ "largest_tail", 0, U32_MAX, 8, 0, -EBADMSG, -EBADMSG },
	{ "both_largest", U32_MAX, U32_MAX, 8, 0, -EBADMSG, -EBADMSG },
	{ "entry_behind_tail", 0, 16, 13, 0, -EBADMSG, 0 },
	{ "entry_of_the_largest_size", 0, 16, U32_MAX, 0, -EBADMSG, 0 },
	{ "entry_that_wraps", 0, 16, -4, 0, -EBADMSG, 0 },
	{ "no_room_for_an_entry", 0, 3, 0, 0, -EBADMSG, 0 },
	{ "second_part_is_too_short", 200, 3, 0, CAPACITY, -EBADMSG, 0 },
	{ "second_part_has_a_long_entry", 200, 16, 13, CAPACITY, -EBADMSG, 0 },
	{ "second_part_has_the_largest", 200, 16, U32_MAX, U32_MAX, -EBADMSG, 0 },
	{ "head_at_the_end", CAPACITY, 16, 12, 0, 12, 0 },
	{ "head_in_the_last_bytes", CAPACITY - 3, 16, 12, 0, 12, 0 },
	{ "no_room_between_tail_and_head", 20, 16, 0, CAPACITY, 0, -ENOSPC },
};

static void describe_nonsense(const struct nonsense *n, char *description)
{
	strscpy(description, n->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(nonsense, nonsense, describe_nonsense);

/* A queue whose memory has neighbours of ours on both sides. */
struct fenced {
	struct iokmem_queue *queue;
	u8 *bytes;
	struct iokmem_queue_memory *memory;
	u8 *entries;
	size_t length;
};

#define FENCE	512

static void make_fenced(struct kunit *test, struct fenced *fenced)
{
	struct iokmem_desc *desc;

	fenced->length = CAPACITY + IOKMEM_QUEUE_OVERHEAD;
	fenced->bytes = kunit_kmalloc(test, fenced->length + 2 * FENCE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fenced->bytes);
	memset(fenced->bytes, 0xfe, fenced->length + 2 * FENCE);
	desc = iokmem_desc_with_address(fenced->bytes + FENCE, fenced->length,
					IOKMEM_DIRECTION_INOUT);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, desc);
	fenced->queue = keep_queue(test, iokmem_queue_with_memory_descriptor(desc));
	iokmem_desc_put(desc);
	fenced->memory = (void *)(fenced->bytes + FENCE);
	fenced->entries = (u8 *)(fenced->memory + 1);
}

static bool fences_stand(const struct fenced *fenced)
{
	const u8 *appendix = fenced->entries + CAPACITY;

	return !memchr_inv(fenced->bytes, 0xfe, FENCE) &&
	       !memchr_inv(fenced->bytes + FENCE + fenced->length, 0xfe, FENCE) &&
	       !memchr_inv(appendix, 0, sizeof(struct iokmem_queue_appendix));
}

static void nonsense_is_an_error_and_no_more(struct kunit *test)
{
	const struct nonsense *n = test->param_value;
	u8 bytes[CAPACITY] = {};
	struct fenced fenced;
	u32 length = sizeof(bytes);
	int err;

	make_fenced(test, &fenced);
	memcpy(fenced.entries, &n->first, 4);
	if (n->head && n->head <= CAPACITY - 4)
		memcpy(fenced.entries + n->head, &n->second, 4);
	fenced.memory->queue_size = U32_MAX;
	fenced.memory->head = n->head;
	fenced.memory->tail = n->tail;
	err = iokmem_queue_peek(fenced.queue, &length);
	KUNIT_EXPECT_EQ(test, n->taken, err ? err : (int)length);
	length = sizeof(bytes);
	err = iokmem_queue_dequeue(fenced.queue, bytes, &length);
	KUNIT_EXPECT_EQ(test, n->taken, err ? err : (int)length);
	fenced.memory->head = n->head;
	KUNIT_EXPECT_EQ(test, n->added, iokmem_queue_enqueue(fenced.queue, bytes, 8));
	KUNIT_EXPECT_TRUE(test, fences_stand(&fenced));
}

static void random_bytes_do_no_harm(struct kunit *test)
{
	u8 bytes[CAPACITY] = {};
	struct rnd_state random;
	struct fenced fenced;
	u32 at, room, length;
	int i, taken = 0;

	make_fenced(test, &fenced);
	prandom_seed_state(&random, 2);
	for (i = 0; i < 50000; i++) {
		if (i % 3 == 0)
			prandom_bytes_state(&random, fenced.entries, CAPACITY);
		/* Sizes that may be right. */
		at = prandom_u32_state(&random) % (CAPACITY - 3);
		room = prandom_u32_state(&random) % CAPACITY;
		memcpy(fenced.entries + at, &room, 4);
		fenced.memory->queue_size = prandom_u32_state(&random);
		fenced.memory->head = i % 2 ? at : prandom_u32_state(&random) % (CAPACITY + 4);
		fenced.memory->tail = prandom_u32_state(&random) % (CAPACITY + 4);

		room = prandom_u32_state(&random) % CAPACITY;
		bytes[room] = 0xfd;
		length = room;
		taken += !iokmem_queue_dequeue(fenced.queue, bytes, &length);
		KUNIT_ASSERT_EQ(test, 0xfd, bytes[room]);
		iokmem_queue_enqueue(fenced.queue, bytes, prandom_u32_state(&random) % CAPACITY);
		iokmem_queue_peek(fenced.queue, &length);
		KUNIT_ASSERT_TRUE(test, fences_stand(&fenced));
	}
	KUNIT_EXPECT_LT(test, 100, taken);
}

/* A consumer that runs besides the producer. */
struct consumer {
	struct iokmem_queue *queue;
	size_t taken;
	size_t expected;
	int err;
	struct completion done;
};

static int consume(void *data)
{
	struct consumer *consumer = data;
	int length;

	while (consumer->taken < consumer->expected && !READ_ONCE(consumer->err)) {
		length = take(consumer->queue, consumer->taken);
		if (length == -ENODATA)
			cond_resched();
		else if (length < 0)
			consumer->err = length;
		else
			consumer->taken += length;
	}
	kthread_complete_and_exit(&consumer->done, 0);
}

static void two_threads_pass_entries(struct kunit *test)
{
	struct consumer consumer = { .queue = queue(test), .expected = 1000000 };
	struct task_struct *thread;
	size_t given = 0;
	u32 length;
	int err;

	init_completion(&consumer.done);
	thread = kthread_run(consume, &consumer, "iokmem-consumer");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	while (given < consumer.expected && !READ_ONCE(consumer.err)) {
		length = min_t(size_t, 1 + given % 97, consumer.expected - given);
		err = add(consumer.queue, given, length);
		if (err == -ENOSPC)
			cond_resched();
		else if (!err)
			given += length;
		else
			break;
	}
	if (given < consumer.expected)
		WRITE_ONCE(consumer.err, -ECANCELED);
	wait_for_completion(&consumer.done);
	KUNIT_EXPECT_EQ(test, 0, consumer.err);
	KUNIT_EXPECT_EQ(test, given, consumer.taken);
}

static void revoked_queue_is_dead(struct kunit *test)
{
	struct iokmem_queue *q = queue(test);
	struct iokmem_desc *desc = keep_desc(test, iokmem_queue_get_memory_descriptor(q));
	u32 length = 1;

	KUNIT_ASSERT_EQ(test, 0, add(q, 0, 10));
	KUNIT_ASSERT_EQ(test, 0, iokmem_desc_revoke(desc));
	KUNIT_EXPECT_EQ(test, -ENODEV, add(q, 0, 10));
	KUNIT_EXPECT_EQ(test, -ENODEV, take(q, 0));
	KUNIT_EXPECT_EQ(test, -ENODEV, iokmem_queue_peek(q, &length));
	KUNIT_EXPECT_EQ(test, 0, iokmem_queue_set_notification(q, -1));
	KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR(iokmem_queue_with_memory_descriptor(desc)));
}

static void only_an_eventfd_is_told(struct kunit *test)
{
	struct iokmem_queue *q = queue(test);
	struct file *file = iokmem_desc_get_file(buffer(test, NULL, PAGE_SIZE, 0), 0);
	int fd = get_unused_fd_flags(O_CLOEXEC);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, file);
	KUNIT_EXPECT_EQ(test, -EINVAL, iokmem_queue_set_notification(q, fd));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	KUNIT_EXPECT_EQ(test, -EBADF, iokmem_queue_set_notification(q, fd));
	KUNIT_EXPECT_EQ(test, -EBADF, iokmem_queue_set_notification(q, -2));
	KUNIT_EXPECT_EQ(test, 0, iokmem_queue_set_notification(q, -1));
}

static void unsuitable_memory_is_refused(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, SZ_4K, 0);
	u8 *bytes = kunit_kzalloc(test, SZ_1K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_queue_with_capacity(0)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(iokmem_queue_with_capacity(U32_MAX)));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_queue_with_entries(0, 10)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(iokmem_queue_with_entries(U32_MAX, 10)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(iokmem_queue_with_entries(1, U32_MAX)));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR(iokmem_queue_with_entries(U32_MAX, U32_MAX)));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, IOKMEM_QUEUE_OVERHEAD));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_queue_with_memory_descriptor(desc)));
	KUNIT_ASSERT_EQ(test, 0, iokmem_buffer_set_length(desc, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_queue_with_memory_descriptor(desc)));
	desc = keep_desc(test, iokmem_desc_with_address(bytes + 2, 100, IOKMEM_DIRECTION_INOUT));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(iokmem_queue_with_memory_descriptor(desc)));
}

static void queue_for_entries_has_room_for_them(struct kunit *test)
{
	struct iokmem_queue *q = keep_queue(test, iokmem_queue_with_entries(5, 30));
	int round, i;

	for (round = 0; round < 50; round++) {
		for (i = 0; i < 5; i++)
			KUNIT_ASSERT_EQ(test, 0, add(q, i, 30));
		for (i = 0; i < 5; i++)
			KUNIT_ASSERT_EQ(test, 30, take(q, i));
	}
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(entries_come_out_as_they_went_in),
	KUNIT_CASE(layout_is_that_of_iokit),
	KUNIT_CASE(each_refusal_has_its_error),
	KUNIT_CASE_PARAM(nonsense_is_an_error_and_no_more, nonsense_gen_params),
	KUNIT_CASE(random_bytes_do_no_harm),
	KUNIT_CASE(two_threads_pass_entries),
	KUNIT_CASE(revoked_queue_is_dead),
	KUNIT_CASE(only_an_eventfd_is_told),
	KUNIT_CASE(unsuitable_memory_is_refused),
	KUNIT_CASE(queue_for_entries_has_room_for_them),
	{}
};

static struct kunit_suite queue_suite = {
	.name = "iokmem_queue",
	.test_cases = queue_cases,
};

kunit_test_suite(queue_suite);
