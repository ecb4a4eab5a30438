// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that moves bytes by DMA, and the sample driver that has it do so for programs.
 */
#include "edu_fixture.h"

#include <stddef.h>

TEST_F(edu, goes_through_the_iommu_if_there_is_one)
{
	char path[300], line[32];

	if (!machine_has("iommu"))
		SKIP(return, "no IOMMU");
	snprintf(path, sizeof(path), PCI_DEVICES "%s/iommu_group/type", slot);
	EXPECT_TRUE(find_line(path, "DMA", line, sizeof(line)));
}

TEST_F(edu, buffer_is_zero_and_writable)
{
	EXPECT_TRUE(is_zero(self->bytes, SIZE));
	fill(self->bytes, SIZE, 1);
	EXPECT_TRUE(is_pattern(self->bytes, SIZE, 1));
}

TEST_F_TIMEOUT(edu, copies_the_bytes_asked_for_and_no_others, 120)
{
	static const struct {
		size_t from, to, length;
	} cases[] = {
		{ 0, QUARTER, 1 },
		{ 1, 2, 1 },
		{ SIZE - 1, 0, 1 },
		{ 3, SIZE - 5, 5 },
		{ QUARTER - 1, 3 * QUARTER - 2, 3 },	/* across the end of a page, twice */
		{ 17, HALF + 4000, ROOM - 1 },
		{ HALF + 1, 3, ROOM },
		{ 0, HALF, ROOM + 1 },
		{ HALF, 0, HALF },
	};
	char *expected = malloc(SIZE);
	unsigned int i;

	ASSERT_NE(NULL, expected);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fill(self->bytes, SIZE, i);
		memcpy(expected, self->bytes, SIZE);
		memcpy(expected + cases[i].to, expected + cases[i].from, cases[i].length);
		EXPECT_EQ((long)cases[i].length,
			  edu_copy(self->fd, cases[i].from, cases[i].to, cases[i].length));
		EXPECT_EQ(0, memcmp(expected, self->bytes, SIZE))
			TH_LOG("case %u", i);
	}
	free(expected);
}

TEST_F(edu, refuses_invalid_arguments)
{
	static const struct {
		size_t from, to, length;
		int error;
	} copies[] = {
		{ 0, HALF, 0, -EINVAL },
		{ 0, 0, 1, -EINVAL },
		{ 0, 99, 100, -EINVAL },
		{ 99, 0, 100, -EINVAL },
		{ 0, SIZE - 9, 10, -ERANGE },
		{ SIZE - 9, 0, 10, -ERANGE },
		{ SIZE, 0, 1, -ERANGE },
		{ 0, SIZE, 1, -ERANGE },
		{ 0, HALF, SIZE_MAX, -ERANGE },
		{ SIZE_MAX, 0, 2, -ERANGE },
		{ 0, SIZE_MAX - 1, 2, -ERANGE },
	};
	struct state before;
	unsigned int i;

	fill(self->bytes, SIZE, 1);
	before = look(-1);
	for (i = 0; i < ARRAY_SIZE(copies); i++)
		EXPECT_EQ(copies[i].error, edu_copy(self->fd, copies[i].from,
						    copies[i].to, copies[i].length))
			TH_LOG("case %u", i);
	EXPECT_EQ(-EINVAL, edu_program(self->fd, 0, 0));
	EXPECT_EQ(-ERANGE, edu_program(self->fd, 0, ROOM + 1));
	EXPECT_EQ(-ERANGE, edu_program(self->fd, SIZE - 1, 2));
	EXPECT_EQ(-ERANGE, edu_program(self->fd, SIZE_MAX, 2));
	EXPECT_EQ(-EOPNOTSUPP, edu_buffer(self->fd, 2));
	EXPECT_UNCHANGED(before, -1);
	EXPECT_TRUE(is_pattern(self->bytes, SIZE, 1));
}

/* A union of all structures, with room behind them. */
union arg {
	__u32 size;
	struct iokmem_edu_get_buffer get_buffer;
	struct iokmem_edu_map map;
	struct iokmem_edu_copy copy;
	struct iokmem_edu_program program;
	char bytes[8192];
};

TEST_F(edu, checks_structures_as_dev_iokmem_does)
{
	union arg arg;
	static const struct {
		unsigned long cmd;
		__u32 size, reserved;
	} ioctls[] = {
#define IOCTL(_name, _arg)						\
		{ _name, sizeof(arg._arg), offsetof(union arg, _arg.__reserved) }
		IOCTL(IOKMEM_EDU_GET_BUFFER, get_buffer),
		IOCTL(IOKMEM_EDU_MAP, map),
		IOCTL(IOKMEM_EDU_COPY, copy),
		IOCTL(IOKMEM_EDU_PROGRAM, program),
#undef IOCTL
	};
	struct state before = look(-1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++) {
		unsigned long cmd = ioctls[i].cmd;

		memset(&arg, 0, sizeof(arg));
		EXPECT_EQ(-EFAULT, iok(self->fd, cmd, NULL));
		arg.size = ioctls[i].size - 1;
		EXPECT_EQ(-EINVAL, iok(self->fd, cmd, &arg));
		arg.size = ioctls[i].size + 1;
		arg.bytes[ioctls[i].size] = 1;
		EXPECT_EQ(-E2BIG, iok(self->fd, cmd, &arg));
		arg.bytes[ioctls[i].size] = 0;
		arg.bytes[ioctls[i].reserved] = 1;
		EXPECT_EQ(-EOPNOTSUPP, iok(self->fd, cmd, &arg));
	}
	EXPECT_EQ(-ENOTTY, iok(self->fd, _IO(0xBD, 0xdf), &arg));
	EXPECT_EQ(-ENOTTY, iok(self->fd, _IO(0xBD, 0xe4), &arg));
	EXPECT_EQ(-ENOTTY, iok(self->fd, IOKMEM_CREATE_BUFFER, &arg));
	EXPECT_UNCHANGED(before, -1);

	memset(&arg, 0, sizeof(arg));
	arg.copy = (struct iokmem_edu_copy){ .size = sizeof(arg), .to = 1, .length = 1 };
	EXPECT_EQ(0, iok(self->fd, IOKMEM_EDU_COPY, &arg));
}

/* A request whose answer cannot be written changes nothing. */
TEST_F(edu, leaves_nothing_behind_if_it_cannot_answer)
{
	__u32 *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct state before;

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(self->bytes, SIZE));
	page[0] = sizeof(struct iokmem_edu_get_buffer);
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	before = look(-1);
	EXPECT_EQ(-EFAULT, iok(self->fd, IOKMEM_EDU_GET_BUFFER, page));
	EXPECT_UNCHANGED(before, -1);

	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	page[0] = sizeof(struct iokmem_edu_map);
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	before = look(-1);
	EXPECT_EQ(-EFAULT, iok(self->fd, IOKMEM_EDU_MAP, page));
	/* An empty VMA stays, which the next map takes up. */
	before.vmas++;
	EXPECT_UNCHANGED(before, -1);
	EXPECT_EQ(0, edu_map(self->fd, &self->bytes));
	EXPECT_UNCHANGED(before, -1);
}

TEST_F(edu, opens_for_reading_and_writing_only)
{
	EXPECT_ERRNO(EACCES, open(EDU, O_RDONLY));
	EXPECT_ERRNO(EACCES, open(EDU, O_WRONLY));
}

static int map_of_child(void *arg)
{
	char *bytes;

	CHILD_EXPECT(edu_map(*(int *)arg, &bytes) == -EBUSY);
	return 0;
}

TEST_F(edu, maps_an_open_file_once_at_a_time)
{
	char *bytes;

	self->bytes[5] = 'x';
	EXPECT_EQ(-EBUSY, edu_map(self->fd, &bytes));
	EXPECT_EQ(0, run_child(map_of_child, &self->fd));
	ASSERT_EQ(0, munmap(self->bytes, SIZE));
	ASSERT_EQ(0, edu_map(self->fd, &bytes));
	EXPECT_EQ('x', bytes[5]);
	/* The map ends with the file. */
	EXPECT_EQ(0, close(self->fd));
	EXPECT_FALSE(can_read(bytes));
}

static int read_only_child(void *arg)
{
	int fd = *(int *)arg;
	char *bytes;

	CHILD_EXPECT(try_map(fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0) == -EACCES);
	CHILD_EXPECT(!map(fd, IOKMEM_MAP_READ_ONLY, 0, 0, &bytes));
	CHILD_EXPECT(is_pattern(bytes, SIZE, 3));
	CHILD_EXPECT(!can_write(bytes));
	CHILD_EXPECT(mprotect(bytes, SIZE, PROT_READ | PROT_WRITE) && errno == EACCES);
	return 0;
}

TEST_F(edu, hands_the_buffer_to_others_read_only_if_asked)
{
	int read_only = edu_buffer(self->fd, IOKMEM_FD_READ_ONLY);
	int whole = edu_buffer(self->fd, 0);
	char *bytes;

	ASSERT_LE(0, read_only);
	ASSERT_LE(0, whole);
	ASSERT_EQ(0, map(whole, 0, 0, 0, &bytes));
	fill(bytes, SIZE, 3);
	EXPECT_TRUE(is_pattern(self->bytes, SIZE, 3));
	EXPECT_EQ(0, run_child(read_only_child, &read_only));

	/* The buffer outlives the device's file, and has what the device has written. */
	EXPECT_EQ(9, edu_copy(self->fd, 0, HALF, 9));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_TRUE(is_pattern(bytes + HALF, 9, 3));
	EXPECT_TRUE(can_write(bytes));
}

TEST_F_TIMEOUT(edu, nobody_writes_while_the_device_is_programmed, 120)
{
	struct writer writer;
	int i;

	fill(self->bytes, SIZE, 2);
	start_writer(_metadata, &writer, self->bytes + 64);
	for (i = 0; i < 4; i++) {
		EXPECT_TRUE(is_writing(&writer));
		EXPECT_EQ(0, edu_program(self->fd, 1, ROOM));
	}
	EXPECT_TRUE(is_writing(&writer));
	stop_writer(&writer);
	EXPECT_TRUE(is_pattern(self->bytes, 64, 2));
	memset(self->bytes + 64, 0, sizeof(uint32_t));
	for (i = 64; i < 68; i++)
		self->bytes[i] = pattern(i, 2);
	EXPECT_TRUE(is_pattern(self->bytes, SIZE, 2));
}

/* The driver notices such a write by comparing what the device has loaded. */
TEST_F_TIMEOUT(edu, write_past_the_driver_is_noticed, 120)
{
	int fd = edu_buffer(self->fd, 0), err = 0, i;
	struct writer writer;
	char *bytes;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, map(fd, 0, 0, 0, &bytes));
	start_writer(_metadata, &writer, bytes + 64);
	for (i = 0; !err && i < 100; i++)
		err = edu_program(self->fd, 0, ROOM);
	EXPECT_EQ(-EILSEQ, err);
	EXPECT_TRUE(is_writing(&writer));
	stop_writer(&writer);
	EXPECT_EQ(0, edu_program(self->fd, 0, ROOM));
}

TEST_F(edu, programs_without_a_map_too)
{
	int fd = open_edu();

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, edu_program(fd, 0, 10));
	ASSERT_EQ(0, munmap(self->bytes, SIZE));
	EXPECT_EQ(0, edu_program(self->fd, 0, 10));
	EXPECT_EQ(0, edu_map(self->fd, &self->bytes));
	EXPECT_TRUE(can_write(self->bytes));
}

static int program_of_its_own(void *arg)
{
	int seed = *(int *)arg, fd = open_edu(), i;
	char *bytes;

	CHILD_EXPECT(fd >= 0);
	CHILD_EXPECT(!edu_map(fd, &bytes));
	for (i = 0; i < 3; i++) {
		fill(bytes, HALF, seed + i);
		CHILD_EXPECT(edu_copy(fd, 1, HALF + i, 6000) == 6000);
		CHILD_EXPECT(is_pattern(bytes, HALF, seed + i));
		CHILD_EXPECT(!memcmp(bytes + 1, bytes + HALF + i, 6000));
	}
	return 0;
}

TEST_F_TIMEOUT(edu, two_programs_do_not_see_each_other, 120)
{
	int seeds[] = { 10, 20 };
	pid_t children[2];
	int i;

	for (i = 0; i < 2; i++)
		children[i] = spawn(program_of_its_own, &seeds[i]);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, join(children[i]));
	EXPECT_TRUE(is_zero(self->bytes, SIZE));
}

TEST_F_TIMEOUT(edu, threads_share_a_file, 120)
{
	struct user users[] = {
		{ .fd = self->fd, .from = 0, .to = HALF, .length = 3000 },
		{ .fd = self->fd, .from = 3000, .to = HALF + 3000, .length = 4200 },
		{ .fd = self->fd, .from = 8000, .to = HALF + 8000, .length = 1 },
	};
	unsigned int i;

	fill(self->bytes, HALF, 4);
	for (i = 0; i < ARRAY_SIZE(users); i++)
		start_user(_metadata, &users[i]);
	for (i = 0; i < ARRAY_SIZE(users); i++) {
		EXPECT_EQ((long)users[i].length, finish_user(&users[i]));
		EXPECT_EQ(0, memcmp(self->bytes + users[i].from,
				    self->bytes + users[i].to, users[i].length));
	}
}

static void ignore(int sig)
{
}

/* The result counts exactly the bytes that were copied. */
TEST_F_TIMEOUT(edu, a_signal_ends_a_copy_between_two_transfers, 120)
{
	struct sigaction act = { .sa_handler = ignore };
	long done = HALF;
	int i;

	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	fill(self->bytes, HALF, 6);
	/* On a busy machine the signal may arrive too late. */
	for (i = 0; i < 10 && done == (long)HALF; i++) {
		struct user user = { .fd = self->fd, .to = HALF, .length = HALF };

		memset(self->bytes + HALF, 0, HALF);
		start_user(_metadata, &user);
		EXPECT_TRUE(EVENTUALLY(has_come(self->bytes + HALF)));
		pthread_kill(user.thread, SIGUSR1);
		done = finish_user(&user);
		ASSERT_LE((long)ROOM, done);
		EXPECT_TRUE(done == (long)HALF || done % (long)ROOM == 0);
		EXPECT_TRUE(is_pattern(self->bytes + HALF, done, 6));
		EXPECT_TRUE(is_zero(self->bytes + HALF + done, HALF - done));
	}
	EXPECT_GT((long)HALF, done);
}

/* A thread that waits for the device gives up and has copied nothing. */
TEST_F_TIMEOUT(edu, a_signal_ends_the_wait_for_the_device, 120)
{
	struct user first = { .fd = self->fd, .to = HALF, .length = HALF };
	struct user second = { .fd = open_edu(), .to = 1, .length = 1 };
	struct sigaction act = { .sa_handler = ignore };
	int i;

	ASSERT_LE(0, second.fd);
	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	fill(self->bytes, HALF, 7);
	start_user(_metadata, &first);
	EXPECT_TRUE(EVENTUALLY(has_come(self->bytes + HALF)));
	for (i = 0; i < 20; i++) {
		start_user(_metadata, &second);
		while (pthread_tryjoin_np(second.thread, NULL))
			pthread_kill(second.thread, SIGUSR1);
		EXPECT_TRUE(second.result == -EINTR || second.result == 1);
	}
	EXPECT_EQ((long)HALF, finish_user(&first));
	EXPECT_TRUE(is_pattern(self->bytes + HALF, HALF, 7));
	EXPECT_EQ(1, edu_copy(second.fd, 0, 1, 1));
}

static int copy_on(void *arg)
{
	int fd = *(int *)arg;

	for (;;)
		CHILD_EXPECT(edu_copy(fd, 0, HALF, HALF) == (long)HALF);
}

static int program_on(void *arg)
{
	int fd = *(int *)arg;

	for (;;)
		CHILD_EXPECT(!edu_program(fd, 0, ROOM));
}

TEST_F_TIMEOUT(edu, killed_process_leaves_the_device_to_others, 120)
{
	pid_t child;
	int i;

	fill(self->bytes, HALF, 8);
	for (i = 0; i < 3; i++) {
		memset(self->bytes + HALF, 0, HALF);
		child = spawn(copy_on, &self->fd);
		EXPECT_TRUE(EVENTUALLY(has_come(self->bytes + HALF)));
		EXPECT_EQ(0, kill(child, SIGKILL));
		EXPECT_EQ(128 + SIGKILL, join(child));
		EXPECT_EQ(3, edu_copy(self->fd, 0, HALF, 3));
	}
	EXPECT_TRUE(is_pattern(self->bytes, HALF, 8));
}

static void *change_address_space(void *stop)
{
	while (!*(atomic_bool *)stop)
		munmap(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		       PAGE);
	return NULL;
}

/*
 * Programming blocks a map of another process than the one that is killed. The killed process
 * has to wait until it can give the map back, and no thread may stay blocked.
 */
TEST_F_TIMEOUT(edu, kill_while_programming_leaves_no_map_blocked, 120)
{
	pthread_t threads[3];
	atomic_bool stop = false;
	unsigned int i;
	pid_t child;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, change_address_space, &stop));
	for (i = 0; i < 5; i++) {
		struct timespec moment = { .tv_nsec = 100 * 1000 * 1000 };

		child = spawn(program_on, &self->fd);
		nanosleep(&moment, NULL);
		EXPECT_EQ(0, kill(child, SIGKILL));
		EXPECT_EQ(128 + SIGKILL, join(child));
		if (!can_write(self->bytes))
			ASSERT_EQ(0, edu_map(self->fd, &self->bytes));
		EXPECT_TRUE(can_write(self->bytes));
		EXPECT_EQ(0, edu_program(self->fd, 0, 1));
	}
	stop = true;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
