/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for the tests of the sample driver samples/iokmem_edu.c, which has QEMU's edu
 * device copy bytes by DMA for programs.
 */
#ifndef _EDU_UTILS_H
#define _EDU_UTILS_H

#include "edu_device.h"
#include "iokmem_utils.h"

#include <pthread.h>
#include <stdatomic.h>

#include "../../samples/iokmem_edu.h"

#define EDU		"/dev/iokmem-edu"
#define MODULE		"iokmem_edu"
#define SIZE		((size_t)IOKMEM_EDU_BUFFER_SIZE)
#define HALF		(SIZE / 2)
#define QUARTER		(SIZE / 4)	/* a page, where pages have 4 KiB */
#define ROOM		((size_t)IOKMEM_EDU_ROOM)

/* The ioctls. Only tests of the argument's size pass a wrong one. */

static inline int open_edu(void)
{
	int fd = open(EDU, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int edu_map(int fd, char **bytes)
{
	struct iokmem_edu_map arg = { .size = sizeof(arg) };
	int err = iok(fd, IOKMEM_EDU_MAP, &arg);

	*bytes = err ? NULL : (char *)(uintptr_t)arg.address;
	return err ? err : arg.length == SIZE ? 0 : -EMSGSIZE;
}

/* Returns the number of bytes copied, or -errno. */
static inline long edu_copy(int fd, size_t from, size_t to, size_t length)
{
	struct iokmem_edu_copy arg = {
		.size = sizeof(arg),
		.from = from,
		.to = to,
		.length = length,
	};
	int err = iok(fd, IOKMEM_EDU_COPY, &arg);

	return err ? err : (long)arg.length;
}

static inline int edu_program(int fd, size_t offset, size_t length)
{
	struct iokmem_edu_program arg = {
		.size = sizeof(arg),
		.offset = offset,
		.length = length,
	};

	return iok(fd, IOKMEM_EDU_PROGRAM, &arg);
}

/* Returns the buffer's fd, or -errno. */
static inline int edu_buffer(int fd, __u32 flags)
{
	struct iokmem_edu_get_buffer arg = { .size = sizeof(arg), .flags = flags };
	int err = iok(fd, IOKMEM_EDU_GET_BUFFER, &arg);

	return err ? err : arg.fd;
}

/* Bytes of a test: neighbours differ, so do ranges with different seeds, and no byte is 0. */
static inline char pattern(size_t at, int seed)
{
	return (at * 7 + at / 251 + seed * 31) % 255 + 1;
}

static inline void fill(char *bytes, size_t length, int seed)
{
	size_t at;

	for (at = 0; at < length; at++)
		bytes[at] = pattern(at, seed);
}

static inline bool is_pattern(const char *bytes, size_t length, int seed)
{
	size_t at;

	for (at = 0; at < length; at++)
		if (bytes[at] != pattern(at, seed))
			return false;
	return true;
}

/* Return true if the device has written this byte. The compiler must read it each time. */
static inline bool has_come(const char *byte)
{
	return *(const volatile char *)byte;
}

/* A thread that writes to memory as fast as it can. */
struct writer {
	pthread_t thread;
	atomic_uint *word;
	atomic_bool stop;
};

static inline void *write_on(void *arg)
{
	struct writer *writer = arg;

	while (!writer->stop)
		(*writer->word)++;
	return NULL;
}

static inline void start_writer(struct __test_metadata *_metadata, struct writer *writer,
				char *address)
{
	writer->word = (atomic_uint *)address;
	writer->stop = false;
	ASSERT_EQ(0, pthread_create(&writer->thread, NULL, write_on, writer));
}

static inline bool is_writing(struct writer *writer)
{
	uint32_t count = *writer->word;

	return EVENTUALLY(*writer->word != count);
}

static inline void stop_writer(struct writer *writer)
{
	writer->stop = true;
	pthread_join(writer->thread, NULL);
}

/* A thread that has the device copy, or load a program. */
struct user {
	pthread_t thread;
	int fd;
	bool program;	/* load again until that fails */
	size_t from, to, length;
	atomic_long done;
	long result;
};

static inline void *use(void *arg)
{
	struct user *user = arg;

	if (!user->program) {
		user->result = edu_copy(user->fd, user->from, user->to, user->length);
		return NULL;
	}
	while (!(user->result = edu_program(user->fd, user->from, user->length)))
		user->done++;
	return NULL;
}

static inline void start_user(struct __test_metadata *_metadata, struct user *user)
{
	ASSERT_EQ(0, pthread_create(&user->thread, NULL, use, user));
}

static inline long finish_user(struct user *user)
{
	pthread_join(user->thread, NULL);
	return user->result;
}

#endif /* _EDU_UTILS_H */
