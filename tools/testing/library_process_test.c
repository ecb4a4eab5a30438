// SPDX-License-Identifier: GPL-2.0-only
/*
 * libiokmem in several processes: write access, what fork() copies, and descriptors that are
 * sent over a socket.
 *
 * Built a second time with the sanitizers, and a third time for valgrind.
 */
#include "library_utils.h"
#include "racers.h"

#include <sys/socket.h>
#include <sys/time.h>

/*
 * A buffer of this process. Every test ends with as many file descriptors and mappings as it
 * began with.
 */
FIXTURE(processes)
{
	int fds;
	struct iokmem_desc *buffer;	/* with direction InOut */
};

FIXTURE_SETUP(processes)
{
	self->fds = nr_fds();
	self->buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_INOUT, BUFFER_SIZE);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(processes)
{
	EXPECT_EQ(1, iokmem_desc_get_retain_count(self->buffer));
	iokmem_desc_put(self->buffer);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
	EXPECT_EQ(0, nr_leaks());
}

/* Write access. */

static struct iokmem_map *read_only_map(struct iokmem_desc *desc)
{
	return make_map(desc, IOKMEM_MEMORY_MAP_READ_ONLY, 0, 0);
}

TEST_F(processes, maker_of_a_buffer_writes_whatever_the_direction)
{
	uint64_t direction;

	for (direction = 0; direction <= 3; direction++) {
		struct iokmem_desc *buffer = make_buffer(direction, PAGE);
		struct iokmem_map *map = make_map(buffer, 0, 0, 0);
		struct iokmem_map *again = read_only_map(buffer);

		ASSERT_NE(NULL, map);
		ASSERT_NE(NULL, again);
		EXPECT_EQ(0, map_signal(map, true));
		/* Unless a map is to be read-only. */
		EXPECT_EQ(0, map_signal(again, false));
		EXPECT_EQ(SIGSEGV, map_signal(again, true));
		iokmem_map_put(map);
		iokmem_map_put(again);
		iokmem_desc_put(buffer);
	}
}

/* Maps are writable, unless the request or the direction Out makes them read-only. */
static bool is_not_the_makers(struct iokmem_desc *desc, uint64_t direction)
{
	struct iokmem_map *map = make_map(desc, 0, 0, PAGE);
	struct iokmem_map *read_only = make_map(desc, IOKMEM_MEMORY_MAP_READ_ONLY, 0, PAGE);
	int expected = direction == IOKMEM_MEMORY_DIRECTION_OUT ? SIGSEGV : 0;
	bool good = map && read_only && map_signal(map, false) == 0 &&
		    map_signal(map, true) == expected &&
		    map_signal(read_only, false) == 0 &&
		    map_signal(read_only, true) == SIGSEGV;

	iokmem_map_put(map);
	iokmem_map_put(read_only);
	return good;
}

TEST_F(processes, maker_of_other_descriptors_has_no_more_rights)
{
	struct iokmem_desc *sub, *all;
	uint64_t direction;

	for (direction = 0; direction <= 3; direction++) {
		ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(direction, 0, PAGE,
								   self->buffer, &sub));
		ASSERT_OK(iokmem_desc_create_with_memory_descriptors(direction, 1, &sub,
								     &all));
		EXPECT_TRUE(is_not_the_makers(sub, direction));
		EXPECT_TRUE(is_not_the_makers(all, direction));
		iokmem_desc_put(all);
		iokmem_desc_put(sub);
	}
}

TEST_F(processes, address_range_is_for_the_maker_of_a_buffer)
{
	struct iokmem_address_segment range = { 1, 1 };
	struct iokmem_desc *sub;

	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(0, 0, PAGE, self->buffer, &sub));
	EXPECT_FAILS(UNSUPPORTED, EOPNOTSUPP, iokmem_buffer_get_address_range(sub, &range));
	EXPECT_EQ(0, range.address);
	EXPECT_EQ(0, range.length);
	iokmem_desc_put(sub);
}

/* fork(). */

static int is_no_maker(void *arg)
{
	struct iokmem_address_segment range;
	struct iokmem_desc *buffer = arg;

	CHILD_EXPECT(is_not_the_makers(buffer, IOKMEM_MEMORY_DIRECTION_OUT));
	CHILD_EXPECT(iokmem_buffer_get_address_range(buffer, &range) ==
		     IOKMEM_RETURN_UNSUPPORTED);
	iokmem_desc_put(buffer);
	CHILD_EXPECT(nr_leaks() == 0);
	return 0;
}

TEST_F(processes, child_of_the_maker_is_no_maker)
{
	struct iokmem_desc *buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_OUT, PAGE);
	struct iokmem_address_segment range;

	ASSERT_NE(NULL, buffer);
	ASSERT_OK(iokmem_buffer_get_address_range(buffer, &range));
	EXPECT_EQ(0, run_child(is_no_maker, buffer));
	is_mapped(range.address, range.length);
	EXPECT_EQ(0, signal_at(range.address, true));
	iokmem_desc_put(buffer);
}

/* The child maps it at the address that the parent's map has. */
static int map_over_and_put(void *arg)
{
	struct iokmem_map *inherited = ((struct iokmem_map **)arg)[0];
	struct iokmem_desc *buffer = ((struct iokmem_desc **)arg)[1];
	uint64_t at = (uintptr_t)((void **)arg)[2];
	struct iokmem_map *own;

	CHILD_EXPECT(iokmem_map_get_address(inherited) == 0);
	CHILD_EXPECT(iokmem_map_get_length(inherited) == BUFFER_SIZE);
	CHILD_EXPECT(signal_at(at, false) == SIGSEGV);
	CHILD_EXPECT(!iokmem_desc_create_mapping(buffer, IOKMEM_MEMORY_MAP_FIXED_ADDRESS, at,
						 0, 0, 0, &own));
	is_mapped(at, BUFFER_SIZE);
	iokmem_map_put(inherited);
	CHILD_EXPECT(iokmem_map_get_address(own) == at);
	CHILD_EXPECT(signal_at(at, true) == 0);
	iokmem_map_put(own);
	CHILD_EXPECT(signal_at(at, false) == SIGSEGV);
	return 0;
}

static int fork_and_map_over(void *arg)
{
	CHILD_EXPECT(run_child(map_over_and_put, arg) == 0);
	return map_over_and_put(arg);
}

TEST_F(processes, maps_of_the_parent_are_none_of_the_child)
{
	struct iokmem_map *map = make_map(self->buffer, IOKMEM_MEMORY_MAP_GUARDED_NONE, 0, 0);
	void *arg[] = { map, self->buffer, bytes_of(map) };

	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, run_child(map_over_and_put, arg));
	/* Nor are they a grandchild's. */
	EXPECT_EQ(0, run_child(fork_and_map_over, arg));
	EXPECT_EQ(1, kernel_references(self->buffer, map));
	EXPECT_EQ(0, map_signal(map, true));
	iokmem_map_put(map);
}

static int map_again_in_child(void *arg)
{
	struct iokmem_desc *desc = arg;
	uint64_t address, length;

	CHILD_EXPECT(nr_iokmem_vmas() == 0);
	CHILD_EXPECT(!iokmem_desc_map(desc, 0, 0, 0, 0, &address, &length));
	CHILD_EXPECT(nr_iokmem_vmas() == 1);
	CHILD_EXPECT(signal_at(address, true) == 0);
	iokmem_desc_put(desc);
	CHILD_EXPECT(nr_iokmem_vmas() == 0);
	CHILD_EXPECT(nr_leaks() == 0);
	return 0;
}

TEST_F(processes, kept_maps_of_the_parent_are_made_anew_in_the_child)
{
	struct iokmem_desc *buffer = make_buffer(0, BUFFER_SIZE);
	uint64_t address, length;

	ASSERT_NE(NULL, buffer);
	ASSERT_OK(iokmem_desc_map(buffer, 0, 0, 0, 0, &address, &length));
	EXPECT_EQ(0, run_child(map_again_in_child, buffer));
	EXPECT_EQ(0, signal_at(address, true));
	iokmem_desc_put(buffer);
}

/* Sockets of each kind that can carry file descriptors. */

FIXTURE(socket)
{
	int fds;
	struct iokmem_desc *buffer;
	int ours;
	int theirs;
};

FIXTURE_VARIANT(socket)
{
	int type;
};

FIXTURE_VARIANT_ADD(socket, stream)
{
	.type = SOCK_STREAM,
};

FIXTURE_VARIANT_ADD(socket, seqpacket)
{
	.type = SOCK_SEQPACKET,
};

FIXTURE_VARIANT_ADD(socket, dgram)
{
	.type = SOCK_DGRAM,
};

FIXTURE_SETUP(socket)
{
	int ends[2];

	self->fds = nr_fds();
	ASSERT_EQ(0, socketpair(AF_UNIX, variant->type | SOCK_CLOEXEC, 0, ends));
	self->ours = ends[0];
	self->theirs = ends[1];
	self->buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_INOUT, BUFFER_SIZE);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(socket)
{
	iokmem_desc_put(self->buffer);
	close(self->ours);
	close(self->theirs);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
	EXPECT_EQ(0, nr_leaks());
}

/* The peer, which knows only its end of the socket. */
static int receive_and_answer(void *arg)
{
	struct iokmem_desc *desc, *copy;
	struct iokmem_map *map;
	int sock = *(int *)arg;
	uint64_t length;

	CHILD_EXPECT(!iokmem_desc_receive(sock, &desc));
	CHILD_EXPECT(iokmem_desc_get_retain_count(desc) == 1);
	CHILD_EXPECT(is_close_on_exec(desc));
	CHILD_EXPECT(!iokmem_desc_get_length(desc, &length) && length == BUFFER_SIZE);
	map = make_map(desc, 0, 0, 0);
	CHILD_EXPECT(map && pages_are_numbered(bytes_of(map), BUFFER_SIZE, 0));
	bytes_of(map)[8] = 'B';
	CHILD_EXPECT(!iokmem_buffer_set_length(desc, 9));
	/* Send it back. */
	CHILD_EXPECT(!iokmem_desc_send(desc, sock, 0));
	iokmem_map_put(map);
	iokmem_desc_put(desc);
	CHILD_EXPECT(iokmem_desc_receive(sock, &copy) == IOKMEM_RETURN_BAD_MESSAGE_ID);
	CHILD_EXPECT(nr_leaks() == 0);
	return 0;
}

TEST_F(socket, two_processes_share_what_one_sends)
{
	struct iokmem_map *map = make_map(self->buffer, 0, 0, 0), *same;
	struct iokmem_desc *back;
	uint64_t length;
	pid_t peer;

	ASSERT_NE(NULL, map);
	number_pages(bytes_of(map), BUFFER_SIZE);
	peer = spawn(receive_and_answer, &self->theirs);
	ASSERT_OK(iokmem_desc_send(self->buffer, self->ours, 0));
	EXPECT_EQ(2, iokmem_desc_get_retain_count(self->buffer));
	ASSERT_OK(iokmem_desc_receive(self->ours, &back));
	EXPECT_EQ('B', bytes_of(map)[8]);
	EXPECT_OK(iokmem_desc_get_length(self->buffer, &length));
	EXPECT_EQ(9, length);

	/* It is the memory that this process has mapped already. */
	same = make_map(back, 0, 0, 0);
	ASSERT_NE(NULL, same);
	EXPECT_EQ(bytes_of(map), bytes_of(same));
	ASSERT_EQ(1, send(self->ours, "x", 1, 0));
	EXPECT_EQ(0, join(peer));
	iokmem_map_put(map);
	EXPECT_EQ(0, map_signal(same, true));
	iokmem_map_put(same);
	iokmem_desc_put(back);
}

static int receive_each_direction(void *arg)
{
	struct iokmem_address_segment range;
	struct iokmem_desc *desc;
	uint64_t direction;

	for (direction = 0; direction <= 3; direction++) {
		CHILD_EXPECT(!iokmem_desc_receive(*(int *)arg, &desc));
		CHILD_EXPECT(is_not_the_makers(desc, direction));
		CHILD_EXPECT(iokmem_buffer_get_address_range(desc, &range) ==
			     IOKMEM_RETURN_UNSUPPORTED);
		iokmem_desc_put(desc);
	}
	return 0;
}

TEST_F(socket, receiver_is_not_the_maker)
{
	struct iokmem_desc *buffer;
	uint64_t direction;
	pid_t peer;

	peer = spawn(receive_each_direction, &self->theirs);
	for (direction = 0; direction <= 3; direction++) {
		buffer = make_buffer(direction, PAGE);
		ASSERT_NE(NULL, buffer);
		EXPECT_OK(iokmem_desc_send(buffer, self->ours, 0));
		iokmem_desc_put(buffer);
	}
	EXPECT_EQ(0, join(peer));
}

TEST_F(socket, maker_who_receives_it_back_has_no_more_rights)
{
	struct iokmem_desc *buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_OUT, PAGE), *back;

	ASSERT_NE(NULL, buffer);
	ASSERT_OK(iokmem_desc_send(buffer, self->ours, 0));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &back));
	EXPECT_TRUE(is_not_the_makers(back, IOKMEM_MEMORY_DIRECTION_OUT));
	iokmem_desc_put(back);
	iokmem_desc_put(buffer);
}

/* Return what the kernel itself says to a writable map. */
static int map_writable_by_ioctl(struct iokmem_desc *desc)
{
	char *address;
	int err = map(iokmem_desc_get_fd(desc), 0, 0, 0, &address);

	return err ? err : release(iokmem_desc_get_fd(desc), address, PAGE);
}

TEST_F(socket, direction_out_is_sent_read_only_unless_told_otherwise)
{
	struct iokmem_desc *buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_OUT, PAGE), *desc;

	ASSERT_NE(NULL, buffer);
	ASSERT_OK(iokmem_desc_send(buffer, self->ours, 0));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
	EXPECT_EQ(-EACCES, map_writable_by_ioctl(desc));
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_buffer_set_length(desc, 1));
	iokmem_desc_put(desc);

	ASSERT_OK(iokmem_desc_send(buffer, self->ours, IOKMEM_SEND_WRITABLE));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
	EXPECT_EQ(0, map_writable_by_ioctl(desc));
	EXPECT_OK(iokmem_desc_revoke(desc));
	iokmem_desc_put(desc);
	iokmem_desc_put(buffer);
}

TEST_F(socket, writable_does_not_give_the_right_to_revoke)
{
	struct iokmem_desc *buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_OUT, PAGE), *desc;

	ASSERT_NE(NULL, buffer);
	ASSERT_OK(iokmem_desc_send(buffer, self->ours,
				   IOKMEM_SEND_WRITABLE | IOKMEM_SEND_NO_REVOKE));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
	EXPECT_EQ(0, map_writable_by_ioctl(desc));
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_desc_revoke(desc));
	iokmem_desc_put(desc);
	iokmem_desc_put(buffer);
}

/* No call gives write access to it, and who asks for it is told so. */
static bool is_read_only_for_good(struct iokmem_desc *desc)
{
	struct iokmem_map *map = NULL;
	bool good = iokmem_desc_create_mapping(desc, 0, 0, 0, PAGE, 0, &map) ==
		    IOKMEM_RETURN_ERROR && errno == EACCES && !map;

	map = make_map(desc, IOKMEM_MEMORY_MAP_READ_ONLY, 0, PAGE);
	good = good && map && map_signal(map, false) == 0 && map_signal(map, true) == SIGSEGV &&
		    mprotect(bytes_of(map), PAGE, PROT_READ | PROT_WRITE) < 0;

	iokmem_map_put(map);
	return good;
}

TEST_F(socket, right_to_revoke_can_be_left_out)
{
	struct iokmem_desc *desc, *again;

	ASSERT_OK(iokmem_desc_send(self->buffer, self->ours, IOKMEM_SEND_NO_REVOKE));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_desc_revoke(desc));
	ASSERT_OK(iokmem_desc_send(desc, self->theirs, 0));
	ASSERT_OK(iokmem_desc_receive(self->ours, &again));
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_desc_revoke(again));
	/* The memory can be changed all the same. */
	EXPECT_OK(iokmem_buffer_set_length(again, PAGE));
	iokmem_desc_put(again);
	iokmem_desc_put(desc);

	ASSERT_OK(iokmem_desc_send(self->buffer, self->ours, 0));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
	EXPECT_OK(iokmem_desc_revoke(desc));
	iokmem_desc_put(desc);
}

TEST_F(socket, sent_read_only_is_read_only_whatever_is_asked)
{
	struct iokmem_desc *desc, *sub, *pages, *all, *again, *members[2];

	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP, iokmem_desc_send(self->buffer, self->ours, 8));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_desc_send(self->buffer, self->ours,
				      IOKMEM_SEND_READ_ONLY | IOKMEM_SEND_WRITABLE));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     iokmem_desc_send(self->buffer, self->ours, 1ull << 32));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_desc_send(NULL, self->ours, 0));
	ASSERT_OK(iokmem_desc_send(self->buffer, self->ours, IOKMEM_SEND_READ_ONLY));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
	EXPECT_TRUE(is_read_only_for_good(desc));
	EXPECT_FAILS(NOT_PERMITTED, EACCES, iokmem_buffer_set_length(desc, 1));

	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(3, 0, PAGE, desc, &sub));
	EXPECT_TRUE(is_read_only_for_good(sub));
	/* A descriptor that is read-only in part is read-only as a whole. */
	ASSERT_OK(iokmem_desc_create_sub_memory_descriptor(3, 0, PAGE, self->buffer, &pages));
	members[0] = pages;
	members[1] = sub;
	ASSERT_OK(iokmem_desc_create_with_memory_descriptors(3, 2, members, &all));
	EXPECT_TRUE(is_read_only_for_good(all));

	ASSERT_OK(iokmem_desc_send(desc, self->theirs, 0));
	ASSERT_OK(iokmem_desc_receive(self->ours, &again));
	EXPECT_TRUE(is_read_only_for_good(again));
	EXPECT_TRUE(is_close_on_exec(again));
	/* The access of the buffer itself has not changed. */
	EXPECT_OK(iokmem_buffer_set_length(self->buffer, PAGE));
	iokmem_desc_put(again);
	iokmem_desc_put(all);
	iokmem_desc_put(pages);
	iokmem_desc_put(sub);
	iokmem_desc_put(desc);
}

TEST_F(socket, other_messages_are_bad_and_not_kept)
{
	int fd = iokmem_desc_get_fd(self->buffer), fds[4] = { fd, fd, fd, fd };
	int other[] = { 0, open(DEVICE, O_RDWR | O_CLOEXEC) };
	struct iokmem_desc *desc = self->buffer;
	struct state before = look(fd);
	int i, n;

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, iokmem_desc_receive(self->ours, NULL));
	/* No file descriptor, another byte, and more than one. */
	ASSERT_EQ(0, send_raw(self->ours, "D", 1, NULL, 0));
	EXPECT_FAILS(BAD_MESSAGE_ID, EBADMSG, iokmem_desc_receive(self->theirs, &desc));
	EXPECT_EQ(NULL, desc);
	ASSERT_EQ(0, send_raw(self->ours, "E", 1, fds, 1));
	EXPECT_FAILS(BAD_MESSAGE_ID, EBADMSG, iokmem_desc_receive(self->theirs, &desc));
	for (n = 2; n <= 4; n++) {
		ASSERT_EQ(0, send_raw(self->ours, "D", 1, fds, n));
		EXPECT_FAILS(BAD_MESSAGE_ID, EBADMSG,
			     iokmem_desc_receive(self->theirs, &desc));
	}
	/* An ordinary file, and the device itself. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, send_raw(self->ours, "D", 1, &other[i], 1));
		EXPECT_FAILS(BAD_MESSAGE_ID, EBADMSG,
			     iokmem_desc_receive(self->theirs, &desc));
		EXPECT_EQ(NULL, desc);
	}
	EXPECT_UNCHANGED(before, fd);

	/* The message after it is not lost. */
	ASSERT_OK(iokmem_desc_send(self->buffer, self->ours, 0));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
	iokmem_desc_put(desc);
	close(other[1]);
}

TEST_F(socket, longer_message_is_not_taken_for_a_descriptor)
{
	int fd = iokmem_desc_get_fd(self->buffer);
	struct state before = look(fd);
	struct iokmem_desc *desc;

	ASSERT_EQ(0, send_raw(self->ours, "DD", 2, &fd, 1));
	/*
	 * A stream has no message boundaries: its first byte is a message, the second is
	 * invalid.
	 */
	if (variant->type == SOCK_STREAM) {
		ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
		iokmem_desc_put(desc);
	}
	EXPECT_FAILS(BAD_MESSAGE_ID, EBADMSG, iokmem_desc_receive(self->theirs, &desc));
	EXPECT_UNCHANGED(before, fd);
}

TEST_F(socket, senders_name_does_not_get_in_the_way)
{
	struct iokmem_desc *desc;
	int on = 1;

	ASSERT_EQ(0, setsockopt(self->theirs, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	ASSERT_OK(iokmem_desc_send(self->buffer, self->ours, 0));
	ASSERT_OK(iokmem_desc_receive(self->theirs, &desc));
	iokmem_desc_put(desc);
}

TEST_F(socket, trouble_of_the_socket_is_an_ipc_error)
{
	struct iokmem_desc *desc = self->buffer;
	int ends[2];

	EXPECT_FAILS(IPC_ERROR, EBADF, iokmem_desc_send(self->buffer, -1, 0));
	EXPECT_FAILS(IPC_ERROR, EBADF, iokmem_desc_send(self->buffer, -1, 1));
	EXPECT_FAILS(IPC_ERROR, EBADF, iokmem_desc_receive(-1, &desc));
	EXPECT_EQ(NULL, desc);
	EXPECT_FAILS(IPC_ERROR, ENOTSOCK, iokmem_desc_send(self->buffer, 0, 0));
	EXPECT_FAILS(IPC_ERROR, ENOTSOCK, iokmem_desc_receive(0, &desc));

	ASSERT_EQ(0, fcntl(self->ours, F_SETFL, O_NONBLOCK));
	EXPECT_FAILS(IPC_ERROR, EAGAIN, iokmem_desc_receive(self->ours, &desc));

	ASSERT_EQ(0, socketpair(AF_UNIX, variant->type | SOCK_CLOEXEC, 0, ends));
	close(ends[1]);
	if (variant->type != SOCK_DGRAM)
		EXPECT_FAILS(IPC_ERROR, EPIPE, iokmem_desc_receive(ends[0], &desc));
	/* The call returns an error and raises no signal. */
	EXPECT_FAILS(IPC_ERROR, variant->type == SOCK_DGRAM ? ECONNREFUSED : EPIPE,
		     iokmem_desc_send(self->buffer, ends[0], 0));
	close(ends[0]);
}

static int receive_without_fds(void *arg)
{
	struct iokmem_desc *desc, *buffer = ((void **)arg)[1];
	int *socks = ((void **)arg)[0];

	limit_fds(0);
	CHILD_EXPECT(iokmem_desc_receive(socks[1], &desc) ==
		     IOKMEM_RETURN_NO_RESOURCES && errno == EMFILE && !desc);
	CHILD_EXPECT(iokmem_desc_send(buffer, socks[0], IOKMEM_SEND_READ_ONLY) ==
		     IOKMEM_RETURN_NO_RESOURCES && errno == EMFILE);
	/* Receiving needs no other descriptor. */
	CHILD_EXPECT(!iokmem_desc_send(buffer, socks[0], 0));
	return 0;
}

TEST_F(socket, no_room_for_a_file_descriptor_is_no_resources)
{
	int socks[] = { self->ours, self->theirs };
	void *arg[] = { socks, self->buffer };

	NOT_FOR_VALGRIND;
	ASSERT_OK(iokmem_desc_send(self->buffer, self->ours, 0));
	EXPECT_EQ(0, run_child(receive_without_fds, arg));
}

/* Shared with the peer. */
static struct {
	atomic_int nr;
} *signals;

static void on_alarm(int sig)
{
	signals->nr++;
}

/* Wait a while, and until @n more signals have arrived, however slow the machine is. */
static void wait_for_signals(int n, int milliseconds)
{
	int before = signals->nr;

	usleep(milliseconds * 1000);
	while (signals->nr < before + n)
		usleep(1000);
}

/* Send a signal every few milliseconds, which interrupts calls that wait. */
static void interrupt(bool on)
{
	struct sigaction act = { .sa_handler = on_alarm };
	struct itimerval timer = {
		.it_interval = { .tv_usec = on ? 5000 : 0 },
		.it_value = { .tv_usec = on ? 5000 : 0 },
	};

	if (on)
		sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* A peer that sends late, and reads late. */
static int answer_late(void *arg)
{
	struct iokmem_desc *buffer = ((void **)arg)[1], *desc;
	int sock = *(int *)((void **)arg)[0];
	int i;

	wait_for_signals(3, 100);
	CHILD_EXPECT(!iokmem_desc_send(buffer, sock, 0));
	wait_for_signals(10, 200);
	for (i = 0; i < 2000; i++) {
		if (iokmem_desc_receive(sock, &desc))
			break;
		iokmem_desc_put(desc);
	}
	/* Signal that everything has been sent. */
	CHILD_EXPECT(errno == EBADMSG);
	return 0;
}

TEST_F(socket, signals_do_not_end_the_waiting)
{
	void *arg[] = { &self->theirs, self->buffer };
	struct iokmem_desc *desc;
	int before, i;
	pid_t peer;

	signals = mmap(NULL, sizeof(*signals), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, signals);
	peer = spawn(answer_late, arg);
	interrupt(true);
	EXPECT_OK(iokmem_desc_receive(self->ours, &desc));
	EXPECT_LT(2, signals->nr);
	iokmem_desc_put(desc);
	/* Send more than the socket holds while nobody reads. */
	before = signals->nr;
	for (i = 0; i < 1000; i++)
		ASSERT_OK(iokmem_desc_send(self->buffer, self->ours, 0));
	EXPECT_LT(before + 2, signals->nr);
	interrupt(false);
	ASSERT_EQ(0, send_raw(self->ours, "!", 1, NULL, 0));
	EXPECT_EQ(0, join(peer));
}

/* All threads call the library for the first time at once. */
static struct iokmem_desc *buffers[NR_THREADS];

static void *create_first(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->barrier);
	buffers[racer->seed % NR_THREADS] = make_buffer(0, PAGE);
	racer->done++;
	return NULL;
}

TEST(threads_agree_which_process_is_theirs)
{
	struct iokmem_address_segment range;
	struct racer racers[NR_THREADS];
	pthread_barrier_t barrier;
	int i;

	start(_metadata, -1, racers, NR_THREADS, &barrier, create_first);
	finish(_metadata, racers, NR_THREADS);
	for (i = 0; i < NR_THREADS; i++) {
		EXPECT_OK(iokmem_buffer_get_address_range(buffers[i], &range));
		iokmem_desc_put(buffers[i]);
	}
	EXPECT_EQ(0, nr_iokmem_vmas());
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
