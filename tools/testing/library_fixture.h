/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fixture of libiokmem's tests: a buffer, and a look at what each test leaves behind.
 */
#ifndef _LIBRARY_FIXTURE_H
#define _LIBRARY_FIXTURE_H

#include "library_utils.h"

/*
 * A buffer of this process. The teardown checks that no file descriptor, mapping or allocation
 * is left.
 */
FIXTURE(library)
{
	int fds;
	struct iokmem_desc *buffer;	/* with direction InOut */
	int fd;				/* its file descriptor, to ask the kernel directly */
};

FIXTURE_SETUP(library)
{
	self->fds = nr_fds();
	self->buffer = make_buffer(IOKMEM_MEMORY_DIRECTION_INOUT, BUFFER_SIZE);
	ASSERT_NE(NULL, self->buffer);
	self->fd = iokmem_desc_get_fd(self->buffer);
}

FIXTURE_TEARDOWN(library)
{
	EXPECT_EQ(1, iokmem_desc_get_retain_count(self->buffer));
	iokmem_desc_put(self->buffer);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
	EXPECT_EQ(0, nr_leaks());
}

#endif /* _LIBRARY_FIXTURE_H */
