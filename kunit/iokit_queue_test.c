// SPDX-License-Identifier: GPL-2.0
/* IOKit's names for shared queues. */
#include <iokit/IOSharedDataQueue.h>

#include "helpers.h"

static void queue_passes_entries(struct kunit *test)
{
	IOSharedDataQueue *queue = IOSharedDataQueue_withCapacity(100);
	IOMemoryDescriptor *md;
	char bytes[10] = "";
	UInt32 size = 3;

	KUNIT_ASSERT_NOT_NULL(test, queue);
	md = IOSharedDataQueue_getMemoryDescriptor(queue);
	KUNIT_EXPECT_EQ(test, 100 + DATA_QUEUE_MEMORY_HEADER_SIZE + DATA_QUEUE_MEMORY_APPENDIX_SIZE,
			IOMemoryDescriptor_getLength(md));
	IOMemoryDescriptor_release(md);
	KUNIT_EXPECT_EQ(test, kIOReturnSuccess, IOSharedDataQueue_setNotificationPort(queue, -1));
	KUNIT_EXPECT_EQ(test, kIOReturnBadArgument,
			IOSharedDataQueue_setNotificationPort(queue, -2));
	KUNIT_EXPECT_FALSE(test, IOSharedDataQueue_dequeue(queue, bytes, &size));
	KUNIT_EXPECT_TRUE(test, IOSharedDataQueue_enqueue(queue, "four", 5));
	KUNIT_EXPECT_FALSE(test, IOSharedDataQueue_dequeue(queue, bytes, &size));
	KUNIT_EXPECT_EQ(test, 5U, size);
	KUNIT_EXPECT_TRUE(test, IOSharedDataQueue_dequeue(queue, bytes, &size));
	KUNIT_EXPECT_STREQ(test, "four", bytes);
	IOSharedDataQueue_release(queue);
}

static void queue_is_as_large_as_is_asked_for(struct kunit *test)
{
	IOSharedDataQueue *queue = IOSharedDataQueue_withEntries(2, 100);
	char bytes[300] = "";

	KUNIT_ASSERT_NOT_NULL(test, queue);
	KUNIT_EXPECT_EQ(test, 4UL, DATA_QUEUE_ENTRY_HEADER_SIZE);
	KUNIT_EXPECT_FALSE(test, IOSharedDataQueue_enqueue(queue, bytes, 3 * 104 - 3));
	KUNIT_EXPECT_TRUE(test, IOSharedDataQueue_enqueue(queue, bytes, 100));
	KUNIT_EXPECT_TRUE(test, IOSharedDataQueue_enqueue(queue, bytes, 100));
	IOSharedDataQueue_release(queue);
	KUNIT_EXPECT_NULL(test, IOSharedDataQueue_withCapacity(0));
	KUNIT_EXPECT_NULL(test, IOSharedDataQueue_withEntries(0, 1));
}

static struct kunit_case iokit_queue_cases[] = {
	KUNIT_CASE(queue_passes_entries),
	KUNIT_CASE(queue_is_as_large_as_is_asked_for),
	{}
};

static struct kunit_suite iokit_queue_suite = {
	.name = "iokmem_iokit_queue",
	.test_cases = iokit_queue_cases,
};

kunit_test_suite(iokit_queue_suite);
