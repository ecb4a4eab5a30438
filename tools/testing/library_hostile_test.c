// SPDX-License-Identifier: GPL-2.0-only
/*
 * libiokmem and a hostile peer: every call that takes a message, a file descriptor or a socket
 * from somebody else.
 *
 * Built a second time with the sanitizers, and a third time for valgrind.
 */
#include "driver_utils.h"
#include "library_utils.h"
#include "limits_utils.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#define IMPOSTOR	"/dev/" IOKMEM_PROBE_IMPOSTOR

/* A victim, who has one end of a socket, and a peer, who has the other. */
FIXTURE(hostile)
{
	int fds;
	int victim;
	int peer;
	struct iokmem_desc *buffer;	/* the peer's */
	int fd;				/* its file descriptor */
	struct iokmem_desc *got;	/* what the victim has received, or NULL */
};

FIXTURE_SETUP(hostile)
{
	int ends[2];

	self->fds = nr_fds();
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	self->victim = ends[0];
	self->peer = ends[1];
	self->buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_INOUT, 4 * PAGE);
	ASSERT_NE(NULL, self->buffer);
	self->fd = iokmem_desc_get_fd(self->buffer);
	self->got = self->buffer;
}

FIXTURE_TEARDOWN(hostile)
{
	iokmem_desc_put(self->buffer);
	close(self->victim);
	close(self->peer);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
	EXPECT_EQ(0, nr_leaks());
}

/* Send @fd, which the victim must refuse, and close it. */
#define EXPECT_REFUSED(fd)							\
	do {									\
		int _fd = fd;							\
										\
		ASSERT_LE(0, _fd);						\
		ASSERT_EQ(0, send_raw(self->peer, "D", 1, &_fd, 1));		\
		EXPECT_FAILS(BAD_MESSAGE_ID, EBADMSG,				\
			     iokmem_desc_receive(self->victim, &self->got));	\
		EXPECT_EQ(NULL, self->got);					\
		if (self->got)							\
			iokmem_desc_put(self->got);				\
		close(_fd);							\
	} while (0)

TEST_F(hostile, file_that_answers_as_a_descriptor_does_is_not_received)
{
	if (access(IMPOSTOR, F_OK))
		SKIP(return, "no " IMPOSTOR);
	EXPECT_REFUSED(open(IMPOSTOR, O_RDWR | O_CLOEXEC));
	EXPECT_REFUSED(open(IMPOSTOR, O_RDONLY | O_CLOEXEC));
}

TEST_F(hostile, file_that_says_yes_to_everything_is_not_received)
{
	int driver = open_driver();

	if (driver < 0)
		SKIP(return, "no " DRIVER);
	EXPECT_REFUSED(ioctl(driver, IOKMEM_PROBE_SILENT));
	close(driver);
}

TEST_F(hostile, file_of_another_kind_is_not_received)
{
	char name[32];
	int ends[2];

	EXPECT_REFUSED(open(DEVICE, O_RDWR | O_CLOEXEC));
	EXPECT_REFUSED(open("/dev/zero", O_RDWR | O_CLOEXEC));
	EXPECT_REFUSED(open("/", O_RDONLY | O_CLOEXEC));
	EXPECT_REFUSED(memfd_create("iokmem:1", MFD_CLOEXEC));
	EXPECT_REFUSED(eventfd(0, EFD_CLOEXEC));
	EXPECT_REFUSED(epoll_create1(EPOLL_CLOEXEC));
	EXPECT_REFUSED(get_dma_buf(self->fd, 0));
	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC));
	EXPECT_REFUSED(ends[0]);
	EXPECT_REFUSED(ends[1]);
	/* A name of a descriptor's file that cannot be used. */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", self->fd);
	EXPECT_REFUSED(open(name, O_PATH | O_CLOEXEC));
}

/* The peer sends its end of the socket, with messages in flight. */
TEST_F(hostile, socket_is_not_received)
{
	int ends[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends));
	ASSERT_EQ(0, send_raw(ends[0], "D", 1, &self->fd, 1));
	EXPECT_REFUSED(ends[1]);
	close(ends[0]);
}

TEST_F(hostile, message_of_many_files_leaves_none_open)
{
	int fds[SEND_MAX], i;

	for (i = 0; i < SEND_MAX; i++)
		fds[i] = self->fd;
	for (i = 2; i <= SEND_MAX; i += i - 1) {
		int before = nr_fds();

		ASSERT_EQ(0, send_raw(self->peer, "D", 1, fds, i));
		EXPECT_FAILS(BAD_MESSAGE_ID, EBADMSG,
			     iokmem_desc_receive(self->victim, &self->got));
		EXPECT_EQ(NULL, self->got);
		EXPECT_EQ(before, nr_fds());
	}
}

TEST_F(hostile, message_without_a_byte_is_not_received)
{
	ASSERT_EQ(0, send_raw(self->peer, "", 0, &self->fd, 1));
	EXPECT_FAILS(IPC_ERROR, EPIPE, iokmem_desc_receive(self->victim, &self->got));
	EXPECT_EQ(NULL, self->got);
}

/* Any file descriptor may be passed for a dma-buf's. */
TEST_F(hostile, file_that_is_no_dma_buf_is_none)
{
	int fds[] = {
		self->fd,
		self->victim,
		open(DEVICE, O_RDWR | O_CLOEXEC),
		memfd_create("dmabuf", MFD_CLOEXEC),
		access(IMPOSTOR, F_OK) ? -1 : open(IMPOSTOR, O_RDWR | O_CLOEXEC),
		-1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		EXPECT_FAILS(BAD_ARGUMENT, EBADF,
			     iokmem_desc_create_with_dma_buf(3, fds[i], &self->got));
		EXPECT_EQ(NULL, self->got);
		if (i >= 2 && fds[i] >= 0)
			close(fds[i]);
	}
}

TEST_F(hostile, descriptor_is_not_sent_to_what_is_no_socket)
{
	int impostor = open(IMPOSTOR, O_RDWR | O_CLOEXEC);

	if (impostor < 0)
		SKIP(return, "no " IMPOSTOR);
	EXPECT_FAILS(IPC_ERROR, ENOTSOCK, iokmem_desc_send(self->buffer, impostor, 0));
	EXPECT_FAILS(IPC_ERROR, ENOTSOCK,
		     iokmem_desc_send(self->buffer, impostor, IOKMEM_SEND_READ_ONLY));
	EXPECT_FAILS(IPC_ERROR, ENOTSOCK, iokmem_desc_receive(impostor, &self->got));
	EXPECT_EQ(NULL, self->got);
	close(impostor);
}

/* The peer shrinks the buffer after the victim has received it, and maps it. */
TEST_F(hostile, peer_that_shrinks_a_buffer_makes_maps_fail_and_no_more)
{
	uint64_t address, length;
	struct iokmem_map *map;

	ASSERT_OK(iokmem_desc_send(self->buffer, self->peer, IOKMEM_SEND_NO_REVOKE));
	ASSERT_OK(iokmem_desc_receive(self->victim, &self->got));
	map = make_map(self->got, IOKMEM_MEMORY_MAP_GUARDED_NONE, 0, 4 * PAGE);
	ASSERT_NE(NULL, map);
	ASSERT_OK(iokmem_buffer_set_length(self->buffer, 0));
	EXPECT_FAILS(ERROR, ERANGE, iokmem_desc_map(self->got, 0, 0, 0, 0, &address, &length));
	EXPECT_EQ(0, address);
	EXPECT_EQ(0, length);
	/* The victim's map stays whole. */
	EXPECT_EQ(4 * PAGE, iokmem_map_get_length(map));
	memset(bytes_of(map), 1, 4 * PAGE);
	iokmem_map_put(map);
	iokmem_desc_put(self->got);
}

TEST_F(hostile, peer_without_the_right_cannot_revoke)
{
	struct iokmem_map *map;

	ASSERT_OK(iokmem_desc_send(self->buffer, self->victim, IOKMEM_SEND_NO_REVOKE));
	ASSERT_OK(iokmem_desc_receive(self->peer, &self->got));
	map = make_map(self->buffer, 0, 0, 0);
	ASSERT_NE(NULL, map);
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_desc_revoke(self->got));
	EXPECT_EQ(0, map_signal(map, true));
	iokmem_map_put(map);
	iokmem_desc_put(self->got);
}

/* A victim without rights to the node, and to files of others. */
static int receive_as_nobody(void *arg)
{
	int *socks = arg, impostor = open(IMPOSTOR, O_RDWR | O_CLOEXEC);
	struct iokmem_desc *desc;
	struct iokmem_map *map;

	CHILD_EXPECT(impostor >= 0);
	CHILD_EXPECT(!send_raw(socks[1], "D", 1, &impostor, 1));
	CHILD_EXPECT(!become(1000, 8 * PAGE));
	CHILD_EXPECT(open(DEVICE, O_RDWR | O_CLOEXEC) < 0);
	CHILD_EXPECT(iokmem_desc_receive(socks[0], &desc) == IOKMEM_RETURN_BAD_MESSAGE_ID);
	CHILD_EXPECT(!desc);
	CHILD_EXPECT(!iokmem_desc_receive(socks[0], &desc));
	map = make_map(desc, 0, 0, 0);
	CHILD_EXPECT(map && iokmem_map_get_length(map) == 4 * PAGE);
	memset(bytes_of(map), 1, 4 * PAGE);
	iokmem_map_put(map);
	iokmem_desc_put(desc);
	return 0;
}

TEST_F(hostile, victim_that_may_not_open_the_node_tells_files_apart)
{
	int socks[] = { self->victim, self->peer };
	pid_t child;

	if (access(IMPOSTOR, F_OK))
		SKIP(return, "no " IMPOSTOR);
	/* Order: the child's own message is sent first. */
	child = spawn(receive_as_nobody, socks);
	sleep(1);
	ASSERT_OK(iokmem_desc_send(self->buffer, self->peer, 0));
	EXPECT_EQ(0, join(child));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
