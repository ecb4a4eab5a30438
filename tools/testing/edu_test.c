// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that moves bytes by DMA, and the sample driver that has it do so for
 * programs: samples/iokmem_edu.c, with QEMU's edu device.
 *
 * IOKMEM_DEVICES in the environment tells what the machine is sure to have: edu, iommu.
 */
#include "iokmem_utils.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "../../samples/iokmem_edu.h"

#define EDU		"/dev/iokmem-edu"
#define PCI_DEVICES	"/sys/bus/pci/devices/"
#define DRIVER		"/sys/bus/pci/drivers/iokmem-edu/"
#define MODULE		"iokmem_edu"
#define SIZE		((size_t)IOKMEM_EDU_BUFFER_SIZE)
#define HALF		(SIZE / 2)
#define QUARTER		(SIZE / 4)	/* a page, where pages are small */
#define ROOM		((size_t)IOKMEM_EDU_ROOM)

/* Where the device is that the driver has, such as 0000:00:02.0; and the other one. */
static char slot[32], other[32];

static bool machine_has(const char *what)
{
	const char *devices = getenv("IOKMEM_DEVICES");

	return devices && strstr(devices, what);
}

static bool is_bound_to(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), DRIVER "%s", name);
	return !access(path, F_OK);
}

static bool is_bound(void)
{
	return is_bound_to(slot);
}

static bool find_edu(void)
{
	DIR *dir = opendir(PCI_DEVICES);
	char path[300], line[128];
	struct dirent *entry;
	char *name;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), PCI_DEVICES "%s/modalias", entry->d_name);
		if (!find_line(path, "pci:v00001234d000011E8", line, sizeof(line)))
			continue;
		name = is_bound_to(entry->d_name) || *other ? slot : other;
		snprintf(name, sizeof(slot), "%.31s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return *slot;
}

static int bind(void)
{
	return write_file(DRIVER "bind", slot);
}

static int unbind(void)
{
	return write_file(DRIVER "unbind", slot);
}

/* The ioctls. Of the device's, the first structure's size is the only one to be wrong. */

static int open_edu(void)
{
	int fd = open(EDU, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int edu_map(int fd, char **bytes)
{
	struct iokmem_edu_map arg = { .size = sizeof(arg) };
	int err = iok(fd, IOKMEM_EDU_MAP, &arg);

	*bytes = err ? NULL : (char *)(uintptr_t)arg.address;
	return err ? err : arg.length == SIZE ? 0 : -EMSGSIZE;
}

/* Returns how many bytes, or -errno. */
static long edu_copy(int fd, size_t from, size_t to, size_t length)
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

static int edu_program(int fd, size_t offset, size_t length)
{
	struct iokmem_edu_program arg = {
		.size = sizeof(arg),
		.offset = offset,
		.length = length,
	};

	return iok(fd, IOKMEM_EDU_PROGRAM, &arg);
}

/* Returns the buffer's fd, or -errno. */
static int edu_buffer(int fd, __u32 flags)
{
	struct iokmem_edu_get_buffer arg = { .size = sizeof(arg), .flags = flags };
	int err = iok(fd, IOKMEM_EDU_GET_BUFFER, &arg);

	return err ? err : arg.fd;
}

/* Bytes of which no two neighbours, and no two ranges of a test, are alike; none is 0. */
static char pattern(size_t at, int seed)
{
	return (at * 7 + at / 251 + seed * 31) % 255 + 1;
}

static void fill(char *bytes, size_t length, int seed)
{
	size_t at;

	for (at = 0; at < length; at++)
		bytes[at] = pattern(at, seed);
}

static bool is_pattern(const char *bytes, size_t length, int seed)
{
	size_t at;

	for (at = 0; at < length; at++)
		if (bytes[at] != pattern(at, seed))
			return false;
	return true;
}

/* Has the device come so far? It is another processor, as the compiler sees it. */
static bool has_come(const char *byte)
{
	return *(const volatile char *)byte;
}

/* A thread that writes as fast as it can. */
struct writer {
	pthread_t thread;
	atomic_uint *word;
	atomic_bool stop;
};

static void *write_on(void *arg)
{
	struct writer *writer = arg;

	while (!writer->stop)
		(*writer->word)++;
	return NULL;
}

static void start_writer(struct __test_metadata *_metadata, struct writer *writer,
			 char *address)
{
	writer->word = (atomic_uint *)address;
	writer->stop = false;
	ASSERT_EQ(0, pthread_create(&writer->thread, NULL, write_on, writer));
}

static bool is_writing(struct writer *writer)
{
	uint32_t count = *writer->word;

	return EVENTUALLY(*writer->word != count);
}

static void stop_writer(struct writer *writer)
{
	writer->stop = true;
	pthread_join(writer->thread, NULL);
}

/* A thread that has the device copy, or load. */
struct user {
	pthread_t thread;
	int fd;
	bool program;	/* until that fails */
	size_t from, to, length;
	atomic_long done;
	long result;
};

static void *use(void *arg)
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

static void start_user(struct __test_metadata *_metadata, struct user *user)
{
	ASSERT_EQ(0, pthread_create(&user->thread, NULL, use, user));
}

static long finish_user(struct user *user)
{
	pthread_join(user->thread, NULL);
	return user->result;
}

FIXTURE(edu)
{
	int fd;
	char *bytes;
	bool found;
};

FIXTURE_SETUP(edu)
{
	self->found = find_edu();
	if (!self->found && !machine_has("edu"))
		SKIP(return, "no edu device");
	ASSERT_TRUE(self->found);
	ASSERT_EQ(0, access(DRIVER "bind", F_OK));
	ASSERT_TRUE(is_bound());
	self->fd = open_edu();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, edu_map(self->fd, &self->bytes));
}

/* For the other tests, if this one has failed in between. */
FIXTURE_TEARDOWN(edu)
{
	if (self->found && !is_bound()) {
		write_file(DRIVER "unbind", other);
		bind();
	}
}

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
		{ QUARTER - 1, 3 * QUARTER - 2, 3 },	/* over the end of a page, twice */
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

TEST_F(edu, refuses_what_makes_no_sense)
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

/* The largest of the structures, with room behind it. */
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

/* An answer that cannot be written is as if nothing had been asked. */
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
	/* The map is the file's. */
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

	/* It outlives the device's file, and what the device has written is in it. */
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

/* That is how the driver would notice. */
TEST_F_TIMEOUT(edu, who_writes_past_the_driver_is_noticed, 120)
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

/* What has been done is told, and is all that has been done. */
TEST_F_TIMEOUT(edu, a_signal_ends_a_copy_between_two_transfers, 120)
{
	struct sigaction act = { .sa_handler = ignore };
	long done = HALF;
	int i;

	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	fill(self->bytes, HALF, 6);
	/* On a machine that is busy the signal may come when it is over. */
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

/* A thread that waits for its turn gives up, with nothing done. */
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

TEST_F_TIMEOUT(edu, who_is_killed_leaves_the_device_to_others, 120)
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
 * The map is of another process than the one that is killed, and that has to wait for
 * it to give the map back; nobody is left waiting for it.
 */
TEST_F_TIMEOUT(edu, who_is_killed_while_programming_leaves_no_map_blocked, 120)
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

/*
 * The device goes.
 */

static void expect_gone(struct __test_metadata *_metadata, int fd)
{
	char *bytes;

	EXPECT_EQ(-ENODEV, edu_copy(fd, 0, 1, 1));
	EXPECT_EQ(-ENODEV, edu_program(fd, 0, 1));
	EXPECT_EQ(-ENODEV, edu_map(fd, &bytes));
	EXPECT_EQ(-ENODEV, edu_buffer(fd, 0));
}

TEST_F(edu, unbinding_leaves_programs_their_memory)
{
	char *bytes;
	int again;

	fill(self->bytes, SIZE, 9);
	ASSERT_EQ(0, unbind());
	EXPECT_ERRNO(ENOENT, open(EDU, O_RDWR));
	expect_gone(_metadata, self->fd);
	EXPECT_TRUE(is_pattern(self->bytes, SIZE, 9));
	EXPECT_TRUE(can_write(self->bytes));

	/* Another driver of the device: this file is still of the first. */
	ASSERT_EQ(0, bind());
	expect_gone(_metadata, self->fd);
	again = open_edu();
	ASSERT_LE(0, again);
	ASSERT_EQ(0, edu_map(again, &bytes));
	EXPECT_TRUE(is_zero(bytes, SIZE));
	bytes[0] = 'x';
	EXPECT_EQ(1, edu_copy(again, 0, 1, 1));
	EXPECT_EQ('x', bytes[1]);

	EXPECT_EQ(0, close(self->fd));
	EXPECT_FALSE(can_read(self->bytes));
}

TEST_F(edu, one_device_is_driven_at_a_time)
{
	int fd;

	if (!*other && !machine_has("edu"))
		SKIP(return, "no other device");
	EXPECT_EQ(-EBUSY, write_file(DRIVER "bind", other));
	EXPECT_EQ(1, edu_copy(self->fd, 0, 1, 1));
	ASSERT_EQ(0, unbind());
	ASSERT_EQ(0, write_file(DRIVER "bind", other));
	EXPECT_EQ(-EBUSY, bind());
	fd = open_edu();
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, edu_copy(fd, 0, 1, 1));
	EXPECT_EQ(-ENODEV, edu_copy(self->fd, 0, 1, 1));
	ASSERT_EQ(0, write_file(DRIVER "unbind", other));
	ASSERT_EQ(0, bind());
	EXPECT_EQ(-ENODEV, edu_copy(fd, 0, 1, 1));
}

TEST_F_TIMEOUT(edu, unbinding_ends_a_copy_between_two_transfers, 120)
{
	int i;

	for (i = 0; i < 3; i++) {
		struct user user = {
			.fd = open_edu(), .to = HALF, .length = HALF,
		};
		long result;
		char *bytes;

		ASSERT_LE(0, user.fd);
		ASSERT_EQ(0, edu_map(user.fd, &bytes));
		fill(bytes, HALF, i);
		start_user(_metadata, &user);
		EXPECT_TRUE(EVENTUALLY(has_come(bytes + HALF)));
		ASSERT_EQ(0, unbind());
		result = finish_user(&user);
		/* It may have been the last one. */
		EXPECT_TRUE(result == -ENODEV || result == (long)HALF);
		EXPECT_TRUE(is_pattern(bytes, HALF, i));
		EXPECT_TRUE(is_pattern(bytes + HALF, ROOM, i));
		ASSERT_EQ(0, bind());
		EXPECT_EQ(0, close(user.fd));
	}
	EXPECT_EQ(-ENODEV, edu_copy(self->fd, 0, 1, 1));
}

TEST_F_TIMEOUT(edu, unbinding_while_programming_gives_the_map_back, 120)
{
	int i;

	for (i = 0; i < 3; i++) {
		struct user user = {
			.fd = open_edu(), .program = true, .length = ROOM,
		};
		struct writer writer;
		char *bytes;

		ASSERT_LE(0, user.fd);
		ASSERT_EQ(0, edu_map(user.fd, &bytes));
		start_writer(_metadata, &writer, bytes + 64);
		start_user(_metadata, &user);
		EXPECT_TRUE(EVENTUALLY(user.done > 0));
		ASSERT_EQ(0, unbind());
		EXPECT_EQ(-ENODEV, finish_user(&user));
		EXPECT_TRUE(is_writing(&writer));
		stop_writer(&writer);
		ASSERT_EQ(0, bind());
		EXPECT_EQ(0, close(user.fd));
	}
}

static int come_and_go(void *stop)
{
	while (!*(atomic_bool *)stop) {
		int fd = open_edu(), err;
		char *bytes;
		long done;

		if (fd < 0) {
			/* misc's own answer while the node is still there, and ours. */
			CHILD_EXPECT(fd == -ENOENT || fd == -ENODEV);
			continue;
		}
		err = edu_map(fd, &bytes);
		CHILD_EXPECT(!err || err == -ENODEV);
		if (!err) {
			fill(bytes, 100, 1);
			done = edu_copy(fd, 0, 100, 100);
			CHILD_EXPECT(done == -ENODEV || done == 100);
			CHILD_EXPECT(done < 0 || is_pattern(bytes + 100, 100, 1));
		}
		close(fd);
	}
	return 0;
}

TEST_F_TIMEOUT(edu, device_and_programs_come_and_go_at_once, 120)
{
	atomic_bool *stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct timespec moment = { .tv_nsec = 100 * 1000 * 1000 };
	pid_t children[2];
	unsigned int i;

	ASSERT_NE(MAP_FAILED, stop);
	for (i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = spawn(come_and_go, stop);
	for (i = 0; i < 5; i++) {
		nanosleep(&moment, NULL);
		EXPECT_EQ(0, unbind());
		EXPECT_EQ(0, bind());
	}
	*stop = true;
	for (i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(0, join(children[i]));
}

/*
 * The module goes.
 */

static int remove_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* From where make check and make shell put it. */
static int insert_module(void)
{
	int fd = open("/modules/samples/" MODULE ".ko", O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		fd = open("/" MODULE ".ko", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return err;
}

TEST_F(edu, module_stays_while_it_is_used)
{
	int fd = edu_buffer(self->fd, 0);
	char *bytes;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EWOULDBLOCK, remove_module(MODULE));
	ASSERT_EQ(0, unbind());
	EXPECT_EQ(-EWOULDBLOCK, remove_module(MODULE));
	ASSERT_EQ(0, bind());
	EXPECT_EQ(-EWOULDBLOCK, remove_module("iokmem"));

	/* The buffer needs its descriptor's module only. */
	self->bytes[0] = 'x';
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, remove_module(MODULE));
	ASSERT_EQ(0, map(fd, 0, 0, 0, &bytes));
	EXPECT_EQ('x', bytes[0]);
	EXPECT_EQ(-EWOULDBLOCK, remove_module("iokmem"));
	ASSERT_EQ(0, insert_module());
	EXPECT_TRUE(is_bound());
}

/*
 * Whatever fails when the device is bound, opened and used, nothing is left behind.
 */

static int run_bind(int fd, char **bytes)
{
	return bind();
}

static void undo_bind(int fd, char *bytes)
{
	unbind();
}

static int run_open(int fd, char **bytes)
{
	*bytes = (char *)(long)open_edu();
	return (long)*bytes < 0 ? (long)*bytes : 0;
}

static void undo_open(int fd, char *bytes)
{
	close((long)bytes);
}

static int run_edu_map(int fd, char **bytes)
{
	return edu_map(fd, bytes);
}

static void undo_edu_map(int fd, char *bytes)
{
	munmap(bytes, SIZE);
}

static int run_get_buffer(int fd, char **bytes)
{
	*bytes = (char *)(long)edu_buffer(fd, 0);
	return (long)*bytes < 0 ? (long)*bytes : 0;
}

static int run_copy(int fd, char **bytes)
{
	long done = edu_copy(fd, 100, 200, 100);

	return done < 0 ? done : done == 100 ? 0 : -EMSGSIZE;
}

static int run_program(int fd, char **bytes)
{
	return edu_program(fd, QUARTER - 1, 2);
}

static void undo_nothing(int fd, char *bytes)
{
}

FIXTURE(edu_failures)
{
	int fd;
	int control;
};

FIXTURE_VARIANT(edu_failures)
{
	int (*run)(int fd, char **bytes);
	void (*undo)(int fd, char *bytes);
	bool unbound;
};

#define FAILURES(_name, _run, _undo, ...)				\
	FIXTURE_VARIANT_ADD(edu_failures, _name)			\
	{								\
		.run = _run, .undo = _undo, ##__VA_ARGS__		\
	}

FAILURES(bind, run_bind, undo_bind, .unbound = true);
FAILURES(open, run_open, undo_open);
FAILURES(map, run_edu_map, undo_edu_map);
FAILURES(get_buffer, run_get_buffer, undo_open);
FAILURES(copy, run_copy, undo_nothing);
FAILURES(program, run_program, undo_nothing);

/*
 * What fails is of the general caches, if @only: the kernel's interrupts complain, loudly
 * and as a bug, when they do not get their entries in /proc.
 */
static int fail_general_caches(bool only)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[300];
	int nr = 0;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/failslab", entry->d_name);
		if (!strncmp(entry->d_name, "kmalloc-", 8))
			nr += !write_file(path, only ? "1" : "0");
	}
	if (dir)
		closedir(dir);
	write_file("/sys/kernel/debug/failslab/cache-filter", only ? "Y" : "N");
	/* These would come to all caches now and then. */
	write_file("/sys/kernel/debug/fail_page_alloc/min-order", only ? "10" : "0");
	return nr;
}

FIXTURE_SETUP(edu_failures)
{
	self->fd = -1;
	self->control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->control < 0)
		SKIP(return, "the kernel has no fault injection");
	if (!find_edu() && !machine_has("edu"))
		SKIP(return, "no edu device");
	if (variant->unbound && machine_has("iommu"))
		SKIP(return, "takes long, and is the same without an IOMMU");
	ASSERT_TRUE(is_bound());
	if (variant->unbound) {
		ASSERT_EQ(0, unbind());
		ASSERT_LT(0, fail_general_caches(true));
	} else {
		self->fd = open_edu();
		ASSERT_LE(0, self->fd);
	}
}

FIXTURE_TEARDOWN(edu_failures)
{
	if (self->control >= 0 && variant->unbound)
		fail_general_caches(false);
	if (*slot && !is_bound())
		bind();
}

static void arm(int control, int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", nth);

	if (write(control, text, length) != length)
		abort();
}

/* Returns whether it has failed. Reading and writing can fail as well, once. */
static bool disarm(int control)
{
	char text[16] = "";
	bool reached = pread(control, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	if (pwrite(control, "0", 1, 0) != 1 && pwrite(control, "0", 1, 0) != 1)
		abort();
	return reached;
}

TEST_F_TIMEOUT(edu_failures, leave_nothing_behind, 300)
{
	int nth, err, failures = 0;
	struct state before;
	bool reached = true;

	before = look(-1);
	for (nth = 1; reached; nth++) {
		char *bytes;

		ASSERT_GT(2000, nth);
		arm(self->control, nth);
		err = variant->run(self->fd, &bytes);
		reached = disarm(self->control);
		if (!err)
			variant->undo(self->fd, bytes);
		else
			failures++;
		EXPECT_UNCHANGED(before, -1);
		EXPECT_EQ(!variant->unbound, is_bound());
	}
	TH_LOG("%d places", nth - 2);
	/* The last time nothing failed; before, something must have. */
	EXPECT_EQ(0, err);
	EXPECT_LT(0, failures);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
