// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA for a program: DriverKit's IODMACommand over VFIO, with a device of QEMU's behind an IOMMU.
 */
#include "library_utils.h"
#include "iokit_dma.h"
#include "vfio_device.h"

#include <iokit/DriverKit.h>

#define LENGTH	1000

FIXTURE(dma)
{
	struct vfio_device vfio;
	int fds;
	IOService *device;
	IODMACommand *command;
	IOBufferMemoryDescriptor *buffer;	/* three pages, InOut */
	char *bytes;
};

static IODMACommand *make_command(IOService *device, uint64_t bits)
{
	IODMACommandSpecification specification = { .maxAddressBits = bits };
	IODMACommand *command;

	IODMACommand_Create(device, kIODMACommandCreateNoOptions, &specification, &command);
	return command;
}

static char *address_in(IOBufferMemoryDescriptor *buffer)
{
	IOAddressSegment range;

	IOBufferMemoryDescriptor_GetAddressRange(buffer, &range);
	return (char *)(uintptr_t)range.address;
}

FIXTURE_SETUP(dma)
{
	int group;

	if (!machine_has("vfio"))
		SKIP(return, "no device for VFIO");
	find_edu();
	ASSERT_NE(0, *other);
	group = vfio_bind();
	ASSERT_LE(0, group);
	self->fds = nr_fds();
	ASSERT_TRUE(vfio_open(&self->vfio, group));
	ASSERT_OK(iokmem_device_create_with_vfio(self->vfio.container, &self->device));
	self->command = make_command(self->device, EDU_BITS);
	self->buffer = make_buffer(kIOMemoryDirectionInOut, 3 * PAGE);
	self->bytes = address_in(self->buffer);
	ASSERT_NE(NULL, self->bytes);
}

FIXTURE_TEARDOWN(dma)
{
	IODMACommand_release(self->command);
	iokmem_device_put(self->device);
	IOMemoryDescriptor_release(self->buffer);
	EXPECT_EQ(0, vfio_unmap_all(&self->vfio));
	vfio_close(&self->vfio);
	EXPECT_EQ(self->fds, nr_fds());
	EXPECT_EQ(0, nr_iokmem_vmas());
	vfio_unbind();
}

static kern_return_t prepare(IODMACommand *command, IOMemoryDescriptor *memory, uint64_t offset,
			     uint64_t length, IOAddressSegment *segment)
{
	uint32_t count = 1;
	uint64_t flags;

	return IODMACommand_PrepareForDMA(command, kIODMACommandPrepareForDMANoOptions, memory,
					  offset, length, &flags, &count, segment);
}

TEST_F(dma, device_reads_and_writes_what_is_prepared)
{
	IOAddressSegment segment[32];
	uint32_t count = 32;
	uint64_t flags = 0;

	ASSERT_OK(IODMACommand_PrepareForDMA(self->command, 0, self->buffer, 100, 2 * PAGE, &flags,
					     &count, segment));
	EXPECT_EQ(1, count);
	EXPECT_EQ(kIOMemoryDirectionInOut, flags);
	EXPECT_EQ(2 * PAGE, segment[0].length);
	EXPECT_EQ(100, segment[0].address % PAGE);
	EXPECT_NE(0, segment[0].address / PAGE);
	EXPECT_GT(1ull << EDU_BITS, segment[0].address + segment[0].length);

	memset(self->bytes + 100, 'x', LENGTH);
	vfio_transfer(&self->vfio, segment[0].address, LENGTH, false);
	vfio_transfer(&self->vfio, segment[0].address + PAGE, LENGTH, true);
	EXPECT_EQ(0, memcmp(self->bytes + 100, self->bytes + 100 + PAGE, LENGTH));
	EXPECT_EQ(0, self->bytes[99 + PAGE]);
	EXPECT_EQ(0, self->bytes[100 + PAGE + LENGTH]);
	EXPECT_OK(IODMACommand_CompleteDMA(self->command, kIODMACommandCompleteDMANoOptions));
}

TEST_F(dma, cpp_classes_do_so_too)
{
	EXPECT_EQ(0, driverkit_dma(self->vfio.container, vfio_transfer, &self->vfio));
}

/* The IOMMU refuses the transfers. */
TEST_F(dma, device_reaches_nothing_else)
{
	IOBufferMemoryDescriptor *out = make_buffer(kIOMemoryDirectionOut, PAGE);
	IOAddressSegment segment;
	char *bytes = address_in(out);

	ASSERT_OK(prepare(self->command, self->buffer, 0, 0, &segment));
	vfio_transfer(&self->vfio, segment.address, LENGTH, false);
	EXPECT_OK(IODMACommand_CompleteDMA(self->command, 0));
	/* The device does not reach memory that is completed. */
	memset(self->bytes, 'x', LENGTH);
	vfio_transfer(&self->vfio, segment.address, LENGTH, true);
	EXPECT_EQ('x', self->bytes[0]);
	/* The device cannot write memory of direction Out. */
	memset(bytes, 'y', LENGTH);
	ASSERT_OK(prepare(self->command, out, 0, 0, &segment));
	vfio_transfer(&self->vfio, segment.address, LENGTH, true);
	EXPECT_EQ('y', bytes[0]);
	EXPECT_OK(IODMACommand_CompleteDMA(self->command, 0));
	IOMemoryDescriptor_release(out);
}

TEST_F(dma, addresses_are_apart_and_free_ones_are_found)
{
	struct vfio_iommu_type1_dma_map own = {
		.argsz = sizeof(own),
		.flags = VFIO_DMA_MAP_FLAG_READ,
		.vaddr = (uintptr_t)self->bytes,
		.iova = 2 * PAGE,
		.size = PAGE,
	};
	IODMACommand *small[16], *tiny;
	IOAddressSegment segments[16];
	int i, j;

	/* The program has a page itself. */
	own.vaddr = (uintptr_t)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, ioctl(self->vfio.container, VFIO_IOMMU_MAP_DMA, &own));
	/* 64 KiB have 14 other pages, without the first one. */
	for (i = 0; i < 14; i++) {
		small[i] = make_command(self->device, 16);
		ASSERT_OK(prepare(small[i], self->buffer, 0, 1, &segments[i]));
		EXPECT_LE(PAGE, segments[i].address);
		EXPECT_GT(16 * PAGE, segments[i].address);
		EXPECT_NE(own.iova, segments[i].address);
		for (j = 0; j < i; j++)
			EXPECT_NE(segments[j].address, segments[i].address);
	}
	small[14] = make_command(self->device, 16);
	errno = 0;
	EXPECT_EQ(kIOReturnNoResources, prepare(small[14], self->buffer, 0, 1, &segments[14]));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(kIOReturnNotReady, IODMACommand_CompleteDMA(small[14], 0));
	/* Others are not as limited. */
	EXPECT_OK(prepare(self->command, self->buffer, 0, 1, &segments[15]));
	EXPECT_LE(16 * PAGE, segments[15].address);
	/* The next command finds the place that is free again. */
	EXPECT_OK(IODMACommand_CompleteDMA(small[5], 0));
	EXPECT_OK(prepare(small[14], self->buffer, 0, 1, &segments[14]));
	EXPECT_EQ(segments[5].address, segments[14].address);
	tiny = make_command(self->device, 12);
	EXPECT_EQ(kIOReturnNoResources, prepare(tiny, self->buffer, 0, 1, &segments[15]));
	IODMACommand_release(tiny);
	/* The last reference completes. */
	for (i = 0; i < 15; i++)
		IODMACommand_release(small[i]);
	EXPECT_OK(IODMACommand_CompleteDMA(self->command, 0));
	EXPECT_EQ(PAGE, vfio_unmap_all(&self->vfio));
	munmap((void *)(uintptr_t)own.vaddr, PAGE);
}

TEST_F(dma, preparation_is_of_one_descriptor)
{
	IOBufferMemoryDescriptor *other_buffer = make_buffer(kIOMemoryDirectionIn, PAGE);
	IOMemoryDescriptor *memory = self->buffer;
	IOAddressSegment segment;
	uint64_t offset, length;

	EXPECT_EQ(kIOReturnNotReady, IODMACommand_GetPreparation(self->command, &offset, &length,
								 &memory));
	EXPECT_EQ(NULL, memory);
	ASSERT_OK(prepare(self->command, self->buffer, PAGE, 10, &segment));
	EXPECT_EQ(kIOReturnBusy, prepare(self->command, other_buffer, 0, 0, &segment));
	ASSERT_OK(prepare(self->command, self->buffer, 2 * PAGE + 3, 0, &segment));
	EXPECT_EQ(PAGE - 3, segment.length);
	/* A failure completes nothing. */
	EXPECT_EQ(kIOReturnBadArgument, prepare(self->command, self->buffer, 3 * PAGE, 0,
						&segment));
	EXPECT_OK(IODMACommand_GetPreparation(self->command, &offset, &length, &memory));
	EXPECT_EQ(2 * PAGE + 3, offset);
	EXPECT_EQ(PAGE - 3, length);
	EXPECT_EQ(self->buffer, memory);
	IOMemoryDescriptor_release(memory);
	EXPECT_OK(IODMACommand_GetPreparation(self->command, NULL, NULL, NULL));
	EXPECT_OK(IODMACommand_CompleteDMA(self->command, 0));
	EXPECT_OK(prepare(self->command, other_buffer, 0, 0, &segment));
	IODMACommand_retain(self->command);
	IODMACommand_release(self->command);
	EXPECT_OK(IODMACommand_CompleteDMA(self->command, 0));
	IOMemoryDescriptor_release(other_buffer);
}

TEST_F(dma, operations_copy_and_clear)
{
	IOBufferMemoryDescriptor *data = make_buffer(kIOMemoryDirectionInOut, PAGE);
	const uint64_t read = kIODMACommandPerformOperationOptionRead;
	const uint64_t write = kIODMACommandPerformOperationOptionWrite;
	const uint64_t zero = kIODMACommandPerformOperationOptionZero;
	IODMACommand *command = self->command;
	char *bytes = address_in(data);
	IOAddressSegment segment;

	EXPECT_EQ(kIOReturnNotReady, IODMACommand_PerformOperation(command, zero, 0, 1, 0, NULL));
	ASSERT_OK(prepare(command, self->buffer, 1000, PAGE, &segment));
	memset(bytes, 'd', PAGE);
	EXPECT_OK(IODMACommand_PerformOperation(command, write, 100, 50, 7, data));
	EXPECT_EQ(0, self->bytes[1099]);
	EXPECT_EQ('d', self->bytes[1100]);
	EXPECT_EQ('d', self->bytes[1149]);
	EXPECT_EQ(0, self->bytes[1150]);
	EXPECT_OK(IODMACommand_PerformOperation(command, read, 99, 2, PAGE - 2, data));
	EXPECT_EQ(0, bytes[PAGE - 2]);
	EXPECT_EQ('d', bytes[PAGE - 1]);
	EXPECT_OK(IODMACommand_PerformOperation(command, zero, 101, 49, 0, NULL));
	EXPECT_EQ('d', self->bytes[1100]);
	EXPECT_EQ(0, self->bytes[1101]);

	EXPECT_EQ(kIOReturnBadArgument,
		  IODMACommand_PerformOperation(command, read | write, 0, 1, 0, data));
	EXPECT_EQ(kIOReturnBadArgument, IODMACommand_PerformOperation(command, 0, 0, 1, 0, data));
	EXPECT_EQ(kIOReturnBadArgument, IODMACommand_PerformOperation(command, 8, 0, 1, 0, data));
	EXPECT_EQ(kIOReturnBadArgument,
		  IODMACommand_PerformOperation(command, read, 0, 1, 0, NULL));
	EXPECT_EQ(kIOReturnBadArgument,
		  IODMACommand_PerformOperation(command, read, 0, 0, 0, data));
	EXPECT_EQ(kIOReturnBadArgument,
		  IODMACommand_PerformOperation(command, zero, PAGE, 1, 0, NULL));
	EXPECT_EQ(kIOReturnBadArgument,
		  IODMACommand_PerformOperation(command, zero, 1, UINT64_MAX, 0, NULL));
	EXPECT_EQ(kIOReturnBadArgument,
		  IODMACommand_PerformOperation(command, write, 0, 2, PAGE - 1, data));
	EXPECT_EQ('d', self->bytes[1100]);
	EXPECT_OK(IODMACommand_CompleteDMA(command, 0));
	IOMemoryDescriptor_release(data);
}

TEST_F(dma, memory_that_cannot_be_pinned_is_not_prepared)
{
	IOBufferMemoryDescriptor *uncached = make_buffer(kIOMemoryDirectionInOut, PAGE);
	IOAddressSegment segment;
	IOMemoryMap *map;

	map = make_map(uncached, kIOMemoryMapCacheModeInhibit, 0, 0);
	ASSERT_NE(NULL, map);
	EXPECT_FAILS(ERROR, EOPNOTSUPP, prepare(self->command, uncached, 0, 0, &segment));
	EXPECT_EQ(kIOReturnNotReady, IODMACommand_CompleteDMA(self->command, 0));
	IOMemoryMap_release(map);
	IOMemoryDescriptor_release(uncached);
}

TEST_F(dma, bad_arguments_prepare_nothing)
{
	IODMACommandSpecification specification = { .maxAddressBits = 65 };
	IOBufferMemoryDescriptor *none = make_buffer(kIOMemoryDirectionNone, PAGE);
	IODMACommand *command = self->command, *made = command;
	IOAddressSegment segment;
	struct iokmem_device *device = self->device;
	uint64_t flags;
	uint32_t count = 1, no_room = 0;

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     IODMACommand_Create(self->device, 0, &specification, &made));
	EXPECT_EQ(NULL, made);
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, IODMACommand_Create(self->device, 0, NULL, &made));
	specification = (IODMACommandSpecification){ .options = 1 };
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     IODMACommand_Create(self->device, 0, &specification, &made));
	specification.options = 0;
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     IODMACommand_Create(self->device, 1, &specification, &made));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, IODMACommand_Create(NULL, 0, &specification, &made));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     IODMACommand_Create(self->device, 0, &specification, NULL));
	EXPECT_FAILS(NO_DEVICE, EBADF, iokmem_device_create_with_vfio(-1, &device));
	EXPECT_EQ(NULL, device);
	EXPECT_FAILS(NO_DEVICE, ENOTTY,
		     iokmem_device_create_with_vfio(iokmem_desc_get_fd(none), &device));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     iokmem_device_create_with_vfio(self->vfio.container, NULL));

	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, prepare(command, none, 0, 0, &segment));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, prepare(command, NULL, 0, 0, &segment));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL, prepare(command, self->buffer, 0, 0, NULL));
	EXPECT_FAILS(BAD_ARGUMENT, ERANGE, prepare(command, self->buffer, 3 * PAGE, 0, &segment));
	EXPECT_FAILS(BAD_ARGUMENT, ERANGE, prepare(command, self->buffer, 1, 3 * PAGE, &segment));
	EXPECT_FAILS(BAD_ARGUMENT, ERANGE,
		     prepare(command, self->buffer, 1, UINT64_MAX, &segment));
	EXPECT_FAILS(BAD_ARGUMENT, EINVAL,
		     IODMACommand_PrepareForDMA(command, 0, self->buffer, 0, 0, &flags, &no_room,
						&segment));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP,
		     IODMACommand_PrepareForDMA(command, 1, self->buffer, 0, 0, &flags, &count,
						&segment));
	EXPECT_FAILS(BAD_ARGUMENT, EOPNOTSUPP, IODMACommand_CompleteDMA(command, 1));
	EXPECT_FAILS(NOT_READY, EBADFD, IODMACommand_CompleteDMA(command, 0));
	EXPECT_EQ(0, vfio_unmap_all(&self->vfio));
	IOMemoryDescriptor_release(none);
}

static int release_in_child(void *arg)
{
	IODMACommand *command = arg;

	CHILD_EXPECT(IODMACommand_PerformOperation(command, kIODMACommandPerformOperationOptionZero,
						   0, 1, 0, NULL) == kIOReturnNotReady);
	IODMACommand_release(command);
	return 0;
}

TEST_F(dma, child_takes_nothing_from_its_parent)
{
	IOAddressSegment segment;

	ASSERT_OK(prepare(self->command, self->buffer, 0, 0, &segment));
	memset(self->bytes, 'x', LENGTH);
	EXPECT_EQ(0, run_child(release_in_child, self->command));
	vfio_transfer(&self->vfio, segment.address, LENGTH, false);
	vfio_transfer(&self->vfio, segment.address + PAGE, LENGTH, true);
	EXPECT_EQ('x', self->bytes[PAGE + LENGTH - 1]);
	EXPECT_OK(IODMACommand_CompleteDMA(self->command, 0));
}

#include "nothing_left.h"

TEST_HARNESS_MAIN
