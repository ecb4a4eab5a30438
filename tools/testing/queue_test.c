// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue that a driver shares with a program, which may write anything into it. The driver is
 * tools/testing/probe/queue.c.
 */
#include "library_utils.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#define QUEUE		"/dev/" IOKMEM_PROBE_QUEUE
#define CAPACITY	IOKMEM_PROBE_QUEUE_SIZE

FIXTURE(queue)
{
	int fds;
	int driver;
	struct iokmem_desc *memory;
	struct iokmem_queue *mine;		/* the program's side */
	struct iokmem_map *map;
	struct iokmem_queue_memory *header;	/* what a hostile program writes */
};

FIXTURE_SETUP(queue)
{
	self->fds = nr_fds();
	self->driver = open(QUEUE, O_RDWR | O_CLOEXEC);
	if (self->driver < 0)
		SKIP(return, "no driver");
	ASSERT_OK(iokmem_desc_create_with_client_memory(self->driver, 0, &self->memory));
	ASSERT_OK(iokmem_queue_create_with_memory(self->memory, &self->mine));
	self->map = make_map(self->memory, 0, 0, 0);
	ASSERT_NE(NULL, self->map);
	self->header = (void *)bytes_of(self->map);
}

FIXTURE_TEARDOWN(queue)
{
	if (self->driver < 0)
		return;
	iokmem_queue_put(self->mine);
	iokmem_map_put(self->map);
	iokmem_desc_put(self->memory);
	close(self->driver);
	EXPECT_EQ(self->fds, nr_fds());
}

TEST_F(queue, passes_entries_from_the_driver)
{
	char in[100], out[100];
	uint32_t length;
	size_t i;

	EXPECT_EQ(CAPACITY, self->header->queue_size);
	for (i = 0; i < 5000; i++) {
		memset(in, i, sizeof(in));
		ASSERT_EQ(i % 100, write(self->driver, in, i % 100));
		ASSERT_OK(iokmem_queue_peek(self->mine, &length));
		ASSERT_EQ(i % 100, length);
		length = sizeof(out);
		ASSERT_OK(iokmem_queue_dequeue(self->mine, out, &length));
		ASSERT_EQ(i % 100, length);
		ASSERT_EQ(0, memcmp(in, out, length));
	}
	EXPECT_FAILS(UNDERRUN, ENODATA, iokmem_queue_peek(self->mine, &length));
}

TEST_F(queue, passes_entries_to_the_driver)
{
	char in[100], out[100];
	size_t i;

	for (i = 0; i < 5000; i++) {
		memset(in, i, sizeof(in));
		ASSERT_OK(iokmem_queue_enqueue(self->mine, in, i % 100));
		ASSERT_EQ(i % 100, ioctl(self->driver, IOKMEM_PROBE_QUEUE_PEEK));
		ASSERT_EQ(i % 100, read(self->driver, out, sizeof(out)));
		ASSERT_EQ(0, memcmp(in, out, i % 100));
	}
	EXPECT_ERRNO(ENODATA, read(self->driver, out, sizeof(out)));
	EXPECT_ERRNO(ENODATA, ioctl(self->driver, IOKMEM_PROBE_QUEUE_PEEK));
}

TEST_F(queue, is_full_empty_or_too_short_for_an_entry)
{
	static char bytes[CAPACITY + 1];

	EXPECT_ERRNO(EMSGSIZE, write(self->driver, bytes, CAPACITY - 3));
	EXPECT_EQ(CAPACITY - 4, write(self->driver, bytes, CAPACITY - 4));
	EXPECT_ERRNO(ENOSPC, write(self->driver, bytes, 1));
	EXPECT_FAILS(OVERRUN, ENOSPC, iokmem_queue_enqueue(self->mine, bytes, 1));
	EXPECT_ERRNO(ENOSPC, read(self->driver, bytes, CAPACITY - 5));
	EXPECT_EQ(CAPACITY - 4, read(self->driver, bytes, CAPACITY - 4));
	EXPECT_ERRNO(ENODATA, read(self->driver, bytes, CAPACITY));
}

TEST_F(queue, with_nonsense_is_an_error_to_the_driver)
{
	char *entries = (char *)(self->header + 1), bytes[100] = "";
	__u32 sizes[] = { 13, CAPACITY, INT32_MAX, UINT32_MAX - 3, UINT32_MAX };
	unsigned int seed = 1, i;

	self->header->head = CAPACITY + 1;
	EXPECT_ERRNO(EBADMSG, read(self->driver, bytes, 100));
	EXPECT_ERRNO(EBADMSG, write(self->driver, bytes, 1));
	EXPECT_ERRNO(EBADMSG, ioctl(self->driver, IOKMEM_PROBE_QUEUE_PEEK));
	self->header->head = 0;
	self->header->tail = UINT32_MAX;
	EXPECT_ERRNO(EBADMSG, read(self->driver, bytes, 100));
	EXPECT_ERRNO(EBADMSG, write(self->driver, bytes, 1));
	self->header->tail = 16;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memcpy(entries, &sizes[i], 4);
		EXPECT_ERRNO(EBADMSG, read(self->driver, bytes, 100));
	}
	for (i = 0; i < 20000; i++) {
		__u32 at = rand_r(&seed) % (CAPACITY - 3), size = rand_r(&seed) % CAPACITY;

		memcpy(entries + at, &size, 4);
		self->header->queue_size = rand_r(&seed);
		self->header->head = i % 2 ? at : rand_r(&seed) % (CAPACITY + 4);
		self->header->tail = rand_r(&seed) % (CAPACITY + 4);
		if (read(self->driver, bytes, 100) < 0)
			ASSERT_TRUE(errno == EBADMSG || errno == ENODATA || errno == ENOSPC);
		if (write(self->driver, bytes, rand_r(&seed) % 100) < 0)
			ASSERT_TRUE(errno == EBADMSG || errno == ENOSPC);
	}
	/* The queue works again once what is there makes sense. */
	self->header->head = 0;
	self->header->tail = 0;
	EXPECT_EQ(5, write(self->driver, "again", 5));
	EXPECT_EQ(5, read(self->driver, bytes, 100));
	EXPECT_EQ(0, memcmp("again", bytes, 5));
}

static void *write_nonsense(void *arg)
{
	struct iokmem_queue_memory *header = arg;
	volatile __u32 *words = (void *)header;
	unsigned int seed = 1, i;

	for (i = 0; i < 2000000; i++)
		words[rand_r(&seed) % 16] = rand_r(&seed) % (CAPACITY + 8);
	return NULL;
}

TEST_F(queue, with_nonsense_that_changes_all_the_time_does_no_harm)
{
	char bytes[100] = "";
	pthread_t thread;
	int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, write_nonsense, self->header));
	for (i = 0; i < 50000; i++) {
		if (read(self->driver, bytes, 100) < 0)
			ASSERT_TRUE(errno == EBADMSG || errno == ENODATA || errno == ENOSPC);
		if (write(self->driver, bytes, 40) < 0)
			ASSERT_TRUE(errno == EBADMSG || errno == ENOSPC);
	}
	pthread_join(thread, NULL);
}

/* Notifications. */

TEST_F(queue, tells_of_data_by_an_eventfd)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct pollfd poll_fd = { .fd = event, .events = POLLIN };
	uint32_t length = 10;
	eventfd_t count;
	char bytes[10];

	EXPECT_ERRNO(EINVAL, ioctl(self->driver, IOKMEM_PROBE_QUEUE_EVENT, self->driver));
	EXPECT_ERRNO(EBADF, ioctl(self->driver, IOKMEM_PROBE_QUEUE_EVENT, -2));
	ASSERT_EQ(0, ioctl(self->driver, IOKMEM_PROBE_QUEUE_EVENT, event));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	ASSERT_EQ(1, write(self->driver, "a", 1));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	/* A program that has not taken anything is not told again. */
	ASSERT_EQ(1, write(self->driver, "b", 1));
	ASSERT_EQ(0, eventfd_read(event, &count));
	EXPECT_EQ(1, count);
	EXPECT_OK(iokmem_queue_dequeue(self->mine, bytes, &length));
	ASSERT_EQ(1, write(self->driver, "c", 1));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	/* A new eventfd is told of the entries that are there. */
	ASSERT_EQ(0, ioctl(self->driver, IOKMEM_PROBE_QUEUE_EVENT, event));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	ASSERT_EQ(0, eventfd_read(event, &count));
	ASSERT_EQ(0, ioctl(self->driver, IOKMEM_PROBE_QUEUE_EVENT, -1));
	while (!iokmem_queue_dequeue(self->mine, bytes, &length))
		;
	ASSERT_EQ(1, write(self->driver, "d", 1));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	close(event);
}

static void *add_entries(void *arg)
{
	int driver = *(int *)arg;
	uint32_t i = 0;

	while (i < 100000) {
		if (write(driver, &i, sizeof(i)) == sizeof(i))
			i++;
		else if (errno != ENOSPC)
			break;
	}
	return NULL;
}

TEST_F(queue, wakes_a_program_that_waits)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct pollfd poll_fd = { .fd = event, .events = POLLIN };
	uint32_t next = 0, got, length;
	pthread_t thread;
	eventfd_t count;
	int waits = 0;

	ASSERT_EQ(0, ioctl(self->driver, IOKMEM_PROBE_QUEUE_EVENT, event));
	ASSERT_EQ(0, pthread_create(&thread, NULL, add_entries, &self->driver));
	while (next < 100000) {
		length = sizeof(got);
		if (!iokmem_queue_dequeue(self->mine, &got, &length)) {
			ASSERT_EQ(next, got);
			next++;
			continue;
		}
		ASSERT_EQ(ENODATA, errno);
		ASSERT_EQ(1, poll(&poll_fd, 1, 60 * 1000));
		ASSERT_EQ(0, eventfd_read(event, &count));
		waits++;
	}
	pthread_join(thread, NULL);
	TH_LOG("%d waits", waits);
	close(event);
}

TEST_F(queue, that_is_revoked_tells_both_sides)
{
	struct pollfd poll_fd = { .fd = iokmem_desc_get_fd(self->memory) };
	char bytes[10];

	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	ASSERT_EQ(0, ioctl(self->driver, IOKMEM_PROBE_QUEUE_REVOKE));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLHUP, poll_fd.revents);
	EXPECT_ERRNO(ENODEV, write(self->driver, "x", 1));
	EXPECT_ERRNO(ENODEV, read(self->driver, bytes, 10));
	EXPECT_ERRNO(ENODEV, ioctl(self->driver, IOKMEM_PROBE_QUEUE_PEEK));
	EXPECT_EQ(SIGBUS, map_signal(self->map, false));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
