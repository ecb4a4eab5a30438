// SPDX-License-Identifier: GPL-2.0-only
/* DMA in C++ with DriverKit's classes. */
#include <errno.h>
#include <string.h>

#include <iokit/DriverKit.hpp>

#include "iokit_dma.h"

#define LENGTH	1000

#define EXPECT(condition)			\
	do {					\
		if (!(condition))		\
			return __LINE__;	\
	} while (0)

#define EXPECT_OK(call)	EXPECT((call) == kIOReturnSuccess)

int driverkit_dma(int container, void (*transfer)(void *data, uint64_t iova, uint32_t length,
						  bool to_memory), void *data)
{
	IODMACommandSpecification specification = {};
	OSSharedPtr<IOBufferMemoryDescriptor> buffer, other;
	OSSharedPtr<IODMACommand> command;
	OSSharedPtr<IOMemoryDescriptor> prepared;
	OSSharedPtr<IOService> device;
	IOAddressSegment segments[32], range;
	uint64_t flags, offset, length;
	uint32_t count = 32;
	struct iokmem_device *vfio;
	char *bytes;

	EXPECT_OK(iokmem_device_create_with_vfio(container, &vfio));
	device.reset(static_cast<IOService *>(vfio), OSNoRetain);
	specification.maxAddressBits = EDU_BITS;
	EXPECT_OK(IODMACommand::Create(device.get(), kIODMACommandCreateNoOptions, &specification,
				       command.attach()));
	device.reset();
	EXPECT_OK(IOBufferMemoryDescriptor::Create(kIOMemoryDirectionInOut, 3 * IOVMPageSize, 0,
						   buffer.attach()));
	EXPECT_OK(buffer->GetAddressRange(&range));
	bytes = reinterpret_cast<char *>(range.address);
	memset(bytes, 'a', LENGTH);

	EXPECT_OK(command->PrepareForDMA(kIODMACommandPrepareForDMANoOptions, buffer.get(), 0, 0,
					 &flags, &count, segments));
	EXPECT(flags == kIOMemoryDirectionInOut && count == 1);
	EXPECT(segments[0].length == 3 * IOVMPageSize);
	transfer(data, segments[0].address, LENGTH, false);
	transfer(data, segments[0].address + IOVMPageSize, LENGTH, true);
	EXPECT(!memcmp(bytes, bytes + IOVMPageSize, LENGTH));

	EXPECT_OK(command->GetPreparation(&offset, &length, prepared.attach()));
	EXPECT(offset == 0 && length == 3 * IOVMPageSize && prepared == buffer);
	EXPECT_OK(IOBufferMemoryDescriptor::Create(kIOMemoryDirectionInOut, LENGTH, 0,
						   other.attach()));
	EXPECT_OK(command->PerformOperation(kIODMACommandPerformOperationOptionRead, 0, LENGTH, 0,
					    other.get()));
	EXPECT_OK(other->GetAddressRange(&range));
	EXPECT(!memcmp(bytes, reinterpret_cast<char *>(range.address), LENGTH));
	EXPECT_OK(command->CompleteDMA(kIODMACommandCompleteDMANoOptions));
	EXPECT(command->CompleteDMA(kIODMACommandCompleteDMANoOptions) == kIOReturnNotReady);
	return 0;
}
