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

/* Descriptors and maps that each request of a test works on. */
struct scene {
	int dev;
	int fd;
	char *base;	/* of the first half of @fd */
	char *unique;	/* a Unique map of all of @fd */
	char *address;	/* of the map that @run has created */
	int made;	/* fd that @run has created, or -1 */
	int unmapped;	/* a buffer that nothing maps; copyback between runs */
	int pageable;	/* a purgeable buffer; non-volatile between runs */
	int multi;	/* of @unmapped and @pageable */
	int dma_buf;	/* of @fd */
	int dma_buf_of_multi;
	int foreign;	/* a dma-buf of another driver, or -1 */
	int imported;	/* the descriptor of @foreign */
	int control;	/* fail-nth of this thread */
};

/*
 * Import a dma-buf of another driver. A second descriptor keeps a kernel address of it all the
 * time, so that further users only count it: the kernel warns about an exporter that cannot
 * create one.
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
