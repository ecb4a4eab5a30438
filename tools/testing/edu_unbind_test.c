// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample driver when its device or its module goes away while programs use it.
 */
#include "edu_fixture.h"

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
	ASSERT_EQ(0, unbind_edu());
	EXPECT_ERRNO(ENOENT, open(EDU, O_RDWR));
	expect_gone(_metadata, self->fd);
	EXPECT_TRUE(is_pattern(self->bytes, SIZE, 9));
	EXPECT_TRUE(can_write(self->bytes));

	/* The file still belongs to the earlier binding. */
	ASSERT_EQ(0, bind_edu());
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
	EXPECT_EQ(-EBUSY, write_file(EDU_DRIVER "bind", other));
	EXPECT_EQ(1, edu_copy(self->fd, 0, 1, 1));
	ASSERT_EQ(0, unbind_edu());
	ASSERT_EQ(0, write_file(EDU_DRIVER "bind", other));
	EXPECT_EQ(-EBUSY, bind_edu());
	fd = open_edu();
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, edu_copy(fd, 0, 1, 1));
	EXPECT_EQ(-ENODEV, edu_copy(self->fd, 0, 1, 1));
	ASSERT_EQ(0, write_file(EDU_DRIVER "unbind", other));
	ASSERT_EQ(0, bind_edu());
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
		ASSERT_EQ(0, unbind_edu());
		result = finish_user(&user);
		/* The copy may have ended just before. */
		EXPECT_TRUE(result == -ENODEV || result == (long)HALF);
		EXPECT_TRUE(is_pattern(bytes, HALF, i));
		EXPECT_TRUE(is_pattern(bytes + HALF, ROOM, i));
		ASSERT_EQ(0, bind_edu());
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
		ASSERT_EQ(0, unbind_edu());
		EXPECT_EQ(-ENODEV, finish_user(&user));
		EXPECT_TRUE(is_writing(&writer));
		stop_writer(&writer);
		ASSERT_EQ(0, bind_edu());
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
			/* The node is gone, or has no device behind it. */
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
		EXPECT_EQ(0, unbind_edu());
		EXPECT_EQ(0, bind_edu());
	}
	*stop = true;
	for (i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(0, join(children[i]));
}

/*
 * Memory of the device itself: it goes with the device, whatever programs do with it.
 */

FIXTURE(device_memory)
{
	int fd;
	size_t size;
	char *map, *by_mmap;
};

FIXTURE_VARIANT(device_memory)
{
	unsigned long what;
};

FIXTURE_VARIANT_ADD(device_memory, coherent) {
	.what = IOKMEM_PROBE_COHERENT,
};

FIXTURE_VARIANT_ADD(device_memory, registers) {
	.what = IOKMEM_PROBE_REGISTERS,
};

/* The device's registers take whole words only. */
static void touch_word(char *address, bool write)
{
	volatile uint32_t *word = (volatile uint32_t *)address;

	if (write)
		*word = 0;
	else
		(void)*word;
}

static int probe_word(char *address, bool write)
{
	return probe_by(touch_word, address, write);
}

/* Return a file descriptor of memory of the device, or -errno. */
static int device_memory(unsigned long what)
{
	int driver = open("/dev/" IOKMEM_PROBE_DEVICE, O_RDWR | O_CLOEXEC);
	int fd = ioctl(driver, IOKMEM_PROBE_DEVICE_MEMORY, what);

	fd = fd < 0 ? -errno : fd;
	close(driver);
	return fd;
}

FIXTURE_SETUP(device_memory)
{
	if (!find_edu() && !machine_has("edu"))
		SKIP(return, "no edu device");
	ASSERT_TRUE(is_bound());
	self->fd = device_memory(variant->what);
	ASSERT_LE(0, self->fd);
	self->size = length_of(self->fd);
	ASSERT_EQ(0, map(self->fd, 0, 0, 0, &self->map));
	self->by_mmap = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->by_mmap);
	ASSERT_EQ(0, probe_word(self->map, false));
	ASSERT_EQ(0, probe_word(self->by_mmap, false));
}

FIXTURE_TEARDOWN(device_memory)
{
	if (*slot && !is_bound())
		bind_edu();
}

TEST_F(device_memory, goes_when_its_driver_is_unbound)
{
	char *address;

	ASSERT_EQ(0, unbind_edu());
	EXPECT_EQ(SIGBUS, probe_word(self->map, true));
	EXPECT_EQ(SIGBUS, probe_word(self->by_mmap + self->size - 4, false));
	EXPECT_EQ(-ENODEV, map(self->fd, 0, 0, 0, &address));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(0, nr_maps(self->fd));
	/* The memory has been given back: the program drops its maps and its file only. */
	EXPECT_EQ(0, munmap(self->by_mmap, self->size));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, munmap(self->map, self->size));
	ASSERT_EQ(0, bind_edu());
}

TEST_F(device_memory, may_be_let_go_before)
{
	EXPECT_EQ(0, munmap(self->by_mmap, self->size));
	EXPECT_EQ(0, release(self->fd, self->map, self->size));
	EXPECT_EQ(0, close(self->fd));
	ASSERT_EQ(0, unbind_edu());
	ASSERT_EQ(0, bind_edu());
}

TEST_F(device_memory, goes_when_the_device_is_unplugged)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "%s/remove", slot);
	ASSERT_EQ(0, write_file(path, "1"));
	EXPECT_EQ(SIGBUS, probe_word(self->map, false));
	EXPECT_EQ(SIGBUS, probe_word(self->by_mmap, false));
	ASSERT_EQ(0, write_file("/sys/bus/pci/rescan", "1"));
	EXPECT_TRUE(EVENTUALLY(is_bound()));
	EXPECT_EQ(SIGBUS, probe_word(self->map, false));
}

static int touch_until_it_goes(void *arg)
{
	int fd = *(int *)arg;

	for (;;) {
		size_t size = length_of(fd);
		char *address;
		int err = map(fd, IOKMEM_MAP_UNIQUE, 0, 0, &address);

		if (err)
			return err == -ENODEV ? 0 : 1;
		/* It may go at any moment. */
		probe_word(address, true);
		probe_word(address + size - 4, false);
		err = release(fd, address, size);
		CHILD_EXPECT(!err || err == -ENOENT);
	}
}

TEST_F_TIMEOUT(device_memory, goes_while_programs_use_it, 120)
{
	unsigned int i, round;
	pid_t children[3];

	for (round = 0; round < 5; round++) {
		int fd = round ? device_memory(variant->what) : self->fd;

		ASSERT_LE(0, fd);
		for (i = 0; i < ARRAY_SIZE(children); i++)
			children[i] = spawn(touch_until_it_goes, &fd);
		usleep(round * 50000);
		EXPECT_EQ(0, unbind_edu());
		for (i = 0; i < ARRAY_SIZE(children); i++)
			EXPECT_EQ(0, join(children[i]));
		EXPECT_EQ(0, close(fd));
		ASSERT_EQ(0, bind_edu());
	}
}

/*
 * The module goes.
 */

static int remove_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* "make check" and "make shell" put the module into different places. */
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
	ASSERT_EQ(0, unbind_edu());
	EXPECT_EQ(-EWOULDBLOCK, remove_module(MODULE));
	ASSERT_EQ(0, bind_edu());
	EXPECT_EQ(-EWOULDBLOCK, remove_module("iokmem"));

	/* The buffer needs only the module of its descriptor. */
	self->bytes[0] = 'x';
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, remove_module(MODULE));
	ASSERT_EQ(0, map(fd, 0, 0, 0, &bytes));
	EXPECT_EQ('x', bytes[0]);
	EXPECT_EQ(-EWOULDBLOCK, remove_module("iokmem"));
	ASSERT_EQ(0, insert_module());
	EXPECT_TRUE(is_bound());
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
