/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fixture of the sample driver's tests: an open file of the device, with its map.
 */
#ifndef _EDU_FIXTURE_H
#define _EDU_FIXTURE_H

#include "edu_utils.h"

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
	ASSERT_EQ(0, access(EDU_DRIVER "bind", F_OK));
	ASSERT_TRUE(is_bound());
	self->fd = open_edu();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, edu_map(self->fd, &self->bytes));
}

/* Bind the device again for the next tests if this one has failed in between. */
FIXTURE_TEARDOWN(edu)
{
	if (self->found && !is_bound()) {
		write_file(EDU_DRIVER "unbind", other);
		bind_edu();
	}
}

#endif /* _EDU_FIXTURE_H */
