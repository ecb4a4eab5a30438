/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors and maps that the fault injection tests work on.
 */
#ifndef _FAIL_NTH_SCENE_H
#define _FAIL_NTH_SCENE_H

#include "dmabuf_utils.h"
#include "fail_nth.h"

#define BUFFER_SIZE	(16 * PAGE)
#define MAX_PLACES	400

/* What the things that are done over and over work on. */
struct scene {
	int dev;
	int fd;
	char *base;	/* a map of the first half */
	char *unique;	/* a Unique one of all */
	char *address;	/* of what @run has made */
	int made;	/* the fd that @run has made, or -1 */
	int unmapped;	/* a buffer that nothing maps, copyback between runs */
	int pageable;	/* a purgeable one, non-volatile between runs */
	int multi;	/* of both */
	int dma_buf;	/* of the first one */
	int dma_buf_of_multi;
	int foreign;	/* another driver's dma-buf, or -1 */
	int imported;	/* made of that */
	int control;	/* fail-nth of this thread */
};

/*
 * It has a kernel address all the time, by one descriptor, so that all that others ask for
 * is to be counted: the kernel warns of an exporter that cannot make one.
 */
static inline void set_up_foreign(struct __test_metadata *_metadata, struct scene *scene)
{
	char *address;
	int keeps;

	scene->foreign = new_udmabuf(BUFFER_SIZE);
	if (scene->foreign < 0)
		return;
	keeps = with_dma_buf(scene->dev, 0, scene->foreign);
	ASSERT_LE(0, keeps);
	ASSERT_EQ(0, map(keeps, 0, 0, 0, &address));
	scene->imported = with_dma_buf(scene->dev, 0, scene->foreign);
	ASSERT_LE(0, scene->imported);
}

static inline void set_up(struct __test_metadata *_metadata, struct scene *scene)
{
	__s32 members[2];

	scene->made = -1;
	scene->dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, scene->dev);
	scene->fd = create(scene->dev, IOKMEM_DIRECTION_INOUT, BUFFER_SIZE, 0);
	ASSERT_LE(0, scene->fd);
	ASSERT_EQ(0, map(scene->fd, 0, 0, BUFFER_SIZE / 2, &scene->base));
	ASSERT_EQ(0, map(scene->fd, IOKMEM_MAP_UNIQUE, 0, 0, &scene->unique));
	scene->unmapped = create(scene->dev, 0, BUFFER_SIZE, 0);
	ASSERT_LE(0, scene->unmapped);
	scene->pageable = create(scene->dev, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE,
				 BUFFER_SIZE, 0);
	ASSERT_LE(0, scene->pageable);
	members[0] = scene->unmapped;
	members[1] = scene->pageable;
	scene->multi = create_multi(scene->dev, 0, members, 2);
	ASSERT_LE(0, scene->multi);
	scene->dma_buf = get_dma_buf(scene->fd, 0);
	ASSERT_LE(0, scene->dma_buf);
	set_up_foreign(_metadata, scene);
	scene->control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, scene->control);
}

#endif /* _FAIL_NTH_SCENE_H */
