// SPDX-License-Identifier: GPL-2.0
/*
 * Fences of dma-bufs: whoever touches the memory waits for the devices that are not done with it,
 * and keeps nobody else waiting.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "device/dma.h"
#include "dma_helpers.h"
#include "dmabuf_helpers.h"

#define SOON	msecs_to_jiffies(100)
#define LATE	msecs_to_jiffies(20000)	/* nothing takes so long */

struct fence {
	struct dma_fence base;
	spinlock_t lock;	/* for @base */
};

static const char *fence_name(struct dma_fence *fence)
{
	return "iokmem-test";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name	= fence_name,
	.get_timeline_name	= fence_name,
};

static void signal_and_put(void *fence)
{
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/* Add a fence of a device that writes the memory, or only reads it. The end signals it. */
static struct dma_fence *fence(struct kunit *test, struct dma_buf *dmabuf, bool write)
{
	struct fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &fence_ops, &fence->lock, dma_fence_context_alloc(1), 1);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, signal_and_put, fence));
	dma_resv_lock(dmabuf->resv, NULL);
	KUNIT_ASSERT_EQ(test, 0, dma_resv_reserve_fences(dmabuf->resv, 1));
	dma_resv_add_fence(dmabuf->resv, &fence->base, dma_resv_usage_rw(!write));
	dma_resv_unlock(dmabuf->resv);
	return &fence->base;
}

/* A thread that makes one call. */
struct caller {
	long (*call)(void *arg);
	void *arg;
	long ret;
	struct completion done;
	struct task_struct *thread;
};

static int call_once(void *data)
{
	struct caller *caller = data;

	allow_signal(SIGUSR1);
	caller->ret = caller->call(caller->arg);
	complete_all(&caller->done);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static void stop(void *data)
{
	struct caller *caller = data;

	send_sig(SIGUSR1, caller->thread, 1);
	kthread_stop(caller->thread);
}

/* Let a thread make the call. It must have returned when the test ends. */
static struct caller *caller(struct kunit *test, long (*call)(void *arg), void *arg)
{
	struct caller *caller = kunit_kzalloc(test, sizeof(*caller), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, caller);
	caller->call = call;
	caller->arg = arg;
	init_completion(&caller->done);
	caller->thread = kthread_run(call_once, caller, "iokmem-waiter");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, caller->thread);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop, caller));
	return caller;
}

static bool returns(struct caller *caller, unsigned long time)
{
	return wait_for_completion_timeout(&caller->done, time);
}

/* Expect the call to wait for the fence, and return @ret when that is signalled. */
static void expect_waits(struct kunit *test, struct dma_fence *fence, long (*call)(void *arg),
			 void *arg, long ret)
{
	struct caller *waiter = caller(test, call, arg);

	KUNIT_EXPECT_FALSE(test, returns(waiter, SOON));
	dma_fence_signal(fence);
	KUNIT_EXPECT_TRUE(test, returns(waiter, LATE));
	KUNIT_EXPECT_EQ(test, ret, waiter->ret);
}

/* Expect a signal to interrupt the call. */
static void expect_interrupted(struct kunit *test, struct dma_fence *fence,
			       long (*call)(void *arg), void *arg, long ret)
{
	struct caller *waiter = caller(test, call, arg);

	KUNIT_EXPECT_FALSE(test, returns(waiter, SOON));
	send_sig(SIGUSR1, waiter->thread, 1);
	KUNIT_EXPECT_TRUE(test, returns(waiter, LATE));
	KUNIT_EXPECT_EQ(test, ret, waiter->ret);
	dma_fence_signal(fence);
}

static long begin_reading(void *dmabuf)
{
	return dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE);
}

static long begin_writing(void *dmabuf)
{
	return dma_buf_begin_cpu_access(dmabuf, DMA_TO_DEVICE);
}

static void fence_is_waited_for_by_the_cpu(struct kunit *test)
{
	struct dma_buf *dmabuf = export(test, buffer(test, NULL, PAGE_SIZE, 0), 0);

	expect_waits(test, fence(test, dmabuf, true), begin_reading, dmabuf, 0);
	expect_waits(test, fence(test, dmabuf, true), begin_writing, dmabuf, 0);
	expect_waits(test, fence(test, dmabuf, false), begin_writing, dmabuf, 0);
	expect_interrupted(test, fence(test, dmabuf, true), begin_reading, dmabuf, -ERESTARTSYS);
	/* A device that reads does not disturb others that read. */
	fence(test, dmabuf, false);
	KUNIT_EXPECT_EQ(test, 0, begin_reading(dmabuf));
}

/* The device writes before its fence is signalled, and these bytes must reach the memory. */
static void fence_is_waited_for_before_bytes_are_copied(struct kunit *test)
{
	struct iokmem_desc *desc = buffer(test, NULL, PAGE_SIZE, 0);
	struct dma_buf *dmabuf = export(test, desc, 0);
	struct importer importer;
	struct caller *reader;
	struct dma_fence *busy;
	u8 byte = 0;

	KUNIT_ASSERT_EQ(test, 0, import_for(&importer, dmabuf,
					    bouncing_device(test, "iokmem-bounce"),
					    DMA_BIDIRECTIONAL));
	busy = fence(test, dmabuf, true);
	reader = caller(test, begin_reading, dmabuf);
	KUNIT_EXPECT_FALSE(test, returns(reader, SOON));
	*(u8 *)phys_to_virt(sg_dma_address(importer.table->sgl)) = 77;
	dma_fence_signal(busy);
	KUNIT_ASSERT_TRUE(test, returns(reader, LATE));
	KUNIT_EXPECT_EQ(test, 0, iokmem_desc_read_bytes(desc, 0, &byte, 1));
	KUNIT_EXPECT_EQ(test, 77, byte);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dmabuf, DMA_FROM_DEVICE));
	let_go(&importer);
}

static long prepare_dma(void *dma)
{
	return iokmem_dma_prepare(dma, 0, 0);
}

static long specify_and_prepare_dma(void *dma)
{
	return iokmem_dma_prepare_with_specification(dma, &anything, 0, 0);
}

static long look_by_dma(void *dma)
{
	return iokmem_dma_synchronize(dma, IN);
}

static long read_by_dma(void *dma)
{
	u8 byte;

	return iokmem_dma_read_bytes(dma, 0, &byte, 1);
}

static long write_by_dma(void *dma)
{
	return iokmem_dma_write_bytes(dma, 0, "x", 1);
}

static void fence_is_waited_for_by_dma_commands(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *reads = import(test, from->dmabuf, OUT);
	struct iokmem_desc *writes = import(test, from->dmabuf, IN);
	struct iokmem_dma *dma = command(test, device(test), &anything);
	struct dma_fence *busy;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, reads, false));
	expect_waits(test, fence(test, from->dmabuf, true), prepare_dma, dma, 0);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	expect_waits(test, fence(test, from->dmabuf, true), specify_and_prepare_dma, dma, 0);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	expect_interrupted(test, fence(test, from->dmabuf, true), prepare_dma, dma, -EINTR);
	KUNIT_EXPECT_EQ(test, -EBADFD, iokmem_dma_complete(dma));

	/* A device that only reads need not wait for others that do. */
	busy = fence(test, from->dmabuf, false);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	dma_fence_signal(busy);
	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, writes, false));
	expect_waits(test, fence(test, from->dmabuf, false), prepare_dma, dma, 0);
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

/* Expect a command that waits in @call to be completed by others meanwhile. */
static void expect_others_go_on(struct kunit *test, struct iokmem_dma *dma,
				struct dma_buf *dmabuf, long (*call)(void *arg))
{
	struct dma_fence *busy;
	struct caller *waiter;

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_prepare(dma, 0, 0));
	busy = fence(test, dmabuf, true);
	waiter = caller(test, call, dma);
	KUNIT_EXPECT_FALSE(test, returns(waiter, SOON));
	if (mutex_trylock(&dma->lock))
		mutex_unlock(&dma->lock);
	else
		KUNIT_FAIL(test, "the command is locked");
	dma_fence_signal(busy);
	KUNIT_EXPECT_TRUE(test, returns(waiter, LATE));
	if (call == look_by_dma)
		KUNIT_EXPECT_EQ(test, 0, iokmem_dma_synchronize(dma, OUT));
	KUNIT_EXPECT_EQ(test, 0, iokmem_dma_complete(dma));
}

static void fence_keeps_no_lock_of_a_command(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *desc = import(test, from->dmabuf, INOUT);
	struct iokmem_dma *dma = command(test, device(test), &anything);

	KUNIT_ASSERT_EQ(test, 0, iokmem_dma_set_memory_descriptor(dma, desc, false));
	expect_others_go_on(test, dma, from->dmabuf, look_by_dma);
	expect_others_go_on(test, dma, from->dmabuf, read_by_dma);
	expect_others_go_on(test, dma, from->dmabuf, write_by_dma);
	KUNIT_EXPECT_EQ(test, 'x', from->bytes[0]);
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

static long read_byte(void *desc)
{
	u8 byte;

	return iokmem_desc_read_bytes(desc, 0, &byte, 1);
}

static void fence_keeps_no_lock_of_a_descriptor(struct kunit *test)
{
	struct exporter *from = exporter(test, 0);
	struct iokmem_desc *descs[2] = { import(test, from->dmabuf, INOUT) };
	struct dma_fence *busy;
	struct caller *waiter;
	int i;

	descs[1] = keep_desc(test, iokmem_multi_with_descriptors(descs, 1, INOUT));
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, 0, iokmem_desc_prepare(descs[i], NONE));
		busy = fence(test, from->dmabuf, true);
		waiter = caller(test, read_byte, descs[i]);
		KUNIT_EXPECT_FALSE(test, returns(waiter, SOON));
		/* The exporter looks at what devices have written when they have. */
		KUNIT_EXPECT_EQ(test, 0, from->begun);
		if (mutex_trylock(&descs[i]->hold_lock))
			mutex_unlock(&descs[i]->hold_lock);
		else
			KUNIT_FAIL(test, "descriptor %d is locked", i);
		dma_fence_signal(busy);
		KUNIT_EXPECT_TRUE(test, returns(waiter, LATE));
		KUNIT_EXPECT_EQ(test, 0, waiter->ret);
		expect_interrupted(test, fence(test, from->dmabuf, true), read_byte, descs[i],
				   -EINTR);
		KUNIT_ASSERT_EQ(test, 0, iokmem_desc_complete(descs[i], NONE));
	}
	KUNIT_EXPECT_TRUE(test, is_idle(from));
}

static struct kunit_case fence_cases[] = {
	KUNIT_CASE(fence_is_waited_for_by_the_cpu),
	KUNIT_CASE(fence_is_waited_for_before_bytes_are_copied),
	KUNIT_CASE(fence_is_waited_for_by_dma_commands),
	KUNIT_CASE(fence_keeps_no_lock_of_a_command),
	KUNIT_CASE(fence_keeps_no_lock_of_a_descriptor),
	{}
};

static struct kunit_suite fence_suite = {
	.name = "iokmem_fence",
	.test_cases = fence_cases,
};

kunit_test_suite(fence_suite);
