// SPDX-License-Identifier: GPL-2.0-only
/*
 * libiokmem when the kernel has no memory, at each place in turn where it needs some.
 *
 * Built a second time with the sanitizers, and a third time for valgrind.
 */
#include "library_utils.h"
#include "fail_nth.h"

#include <sys/socket.h>

FIXTURE(failing)
{
	int fds;
	int control;	/* fail-nth of this thread */
};

FIXTURE_SETUP(failing)
{
	self->fds = nr_fds();
	self->control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->control < 0)
		SKIP(return, "no fault injection");
}

FIXTURE_TEARDOWN(failing)
{
	if (self->control >= 0)
		close(self->control);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
}

struct things {
	struct iokmem_desc *buffer, *sub, *all, *sent;
	struct iokmem_map *map;
};

/* Call everything that creates something, until a call fails. */
static int32_t make_things(struct things *made, int socks[2])
{
	uint64_t address, length;
	int32_t ret;

	ret = iokmem_buffer_create(0, 3 * PAGE, 0, &made->buffer);
	if (!ret)
		ret = iokmem_desc_create_sub_memory_descriptor(0, 0, PAGE, made->buffer,
							       &made->sub);
	if (!ret)
		ret = iokmem_desc_create_with_memory_descriptors(0, 1, &made->sub,
								 &made->all);
	if (!ret)
		ret = iokmem_desc_map(made->buffer, 0, 0, 0, 0, &address, &length);
	if (!ret)
		ret = iokmem_desc_create_mapping(made->all, 0, 0, 0, 0, 0, &made->map);
	if (!ret)
		ret = iokmem_desc_send(made->buffer, socks[0], IOKMEM_SEND_READ_ONLY);
	if (!ret)
		ret = iokmem_desc_receive(socks[1], &made->sent);
	return ret;
}

static void put_things(struct things *made)
{
	iokmem_map_put(made->map);
	iokmem_desc_put(made->sent);
	iokmem_desc_put(made->all);
	iokmem_desc_put(made->sub);
	iokmem_desc_put(made->buffer);
}

TEST_F_TIMEOUT(failing, nothing_is_left_wherever_it_fails, 120)
{
	int socks[2], n, failures = 0;
	struct things made;
	struct state before;
	bool again = true;
	int32_t ret;

	for (n = 1; again; n++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks));
		before = look(-1);
		made = (struct things){ 0 };
		arm(self->control, n);
		ret = make_things(&made, socks);
		again = disarm(self->control);
		put_things(&made);
		failures += ret != IOKMEM_RETURN_SUCCESS;
		if (!again)
			EXPECT_EQ(IOKMEM_RETURN_SUCCESS, ret);
		EXPECT_EQ(before.fds, nr_fds());
		EXPECT_EQ(0, nr_iokmem_vmas());
		/* A descriptor that was sent and not received ends with the socket. */
		close(socks[0]);
		close(socks[1]);
		EXPECT_TRUE(EVENTUALLY(nr_descriptors() == before.descriptors));
		ASSERT_GT(2000, n);
	}
	EXPECT_LT(20, failures);
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
