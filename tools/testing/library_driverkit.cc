// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program in C++ with DriverKit's classes. The ring is the guide's example of a driver for
 * DriverKit after porting.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <utility>

#include <iokit/DriverKit.hpp>

#include "library_driverkit.h"

#define EXPECT(condition)			\
	do {					\
		if (!(condition))		\
			return __LINE__;	\
	} while (0)

/* The result of a call that succeeds must not be ignored either. */
#define EXPECT_RETURN(ret, call)	EXPECT((call) == (ret))
#define EXPECT_OK(call)			EXPECT_RETURN(kIOReturnSuccess, call)
#define EXPECT_FAILS(ret, err, call)			\
	do {						\
		errno = 0;				\
		EXPECT_RETURN(ret, call);		\
		EXPECT(errno == (err));			\
	} while (0)

static char *bytes_of(IOMemoryMap *map)
{
	tell_mapped(map->GetAddress(), map->GetLength());
	return reinterpret_cast<char *>(map->GetAddress());
}

/* The guide's example. */

struct Ring_IVars {
	IOBufferMemoryDescriptor *buffer;
	IOMemoryMap *map;
	uint8_t *bytes;
};

void StopRing(Ring_IVars *ivars)
{
	OSSafeReleaseNULL(ivars->map);
	OSSafeReleaseNULL(ivars->buffer);
}

kern_return_t StartRing(Ring_IVars *ivars, uint64_t size)
{
	kern_return_t ret;

	ret = IOBufferMemoryDescriptor::Create(kIOMemoryDirectionInOut, size, IOVMPageSize,
					       &ivars->buffer);
	if (ret != kIOReturnSuccess)
		return ret;
	ret = ivars->buffer->CreateMapping(kIOMemoryMapCacheModeDefault, 0, 0, 0, 0, &ivars->map);
	if (ret != kIOReturnSuccess) {
		StopRing(ivars);
		return ret;
	}
	ivars->bytes = reinterpret_cast<uint8_t *>(ivars->map->GetAddress());
	return kIOReturnSuccess;
}

kern_return_t ShareRing(Ring_IVars *ivars, int client)
{
	return iokmem_desc_send(ivars->buffer, client, kIOUserClientMemoryReadOnly);
}

/* The cases. */

int driverkit_ring(int client)
{
	Ring_IVars ivars = {};

	EXPECT_RETURN(kIOReturnNoMemory, StartRing(&ivars, 0));
	EXPECT(!ivars.buffer && !ivars.map);
	EXPECT_OK(StartRing(&ivars, 3 * IOVMPageSize));
	EXPECT(ivars.map->GetLength() == 3 * IOVMPageSize);
	EXPECT(bytes_of(ivars.map) == reinterpret_cast<char *>(ivars.bytes));
	memset(ivars.bytes, 'r', 3 * IOVMPageSize);
	EXPECT_OK(ShareRing(&ivars, client));
	StopRing(&ivars);
	EXPECT(!ivars.buffer && !ivars.map);
	/* Nothing to release. */
	StopRing(&ivars);
	return 0;
}

int driverkit_creates_and_maps()
{
	IOBufferMemoryDescriptor *buffer;
	IOMemoryMap *map, *part;
	uint64_t length, address;

	EXPECT_OK(IOBufferMemoryDescriptor::Create(kIOMemoryDirectionInOut, 10000, 0, &buffer));
	EXPECT_OK(buffer->GetLength(&length));
	EXPECT(length == 10000);
	EXPECT_OK(buffer->CreateMapping(0, 0, 0, 0, 0, &map));
	EXPECT(map->GetLength() == 10000 && map->GetOffset() == 0);
	bytes_of(map)[9999] = 'x';
	EXPECT_OK(buffer->CreateMapping(kIOMemoryMapReadOnly, 0, 9990, 10, 0, &part));
	EXPECT(part->GetLength() == 10 && part->GetOffset() == 9990);
	EXPECT(bytes_of(part)[9] == 'x');
	EXPECT(signal_of(part->GetAddress(), true) == SIGSEGV);

	/* The last reference unmaps. A map keeps its descriptor. */
	address = part->GetAddress();
	part->retain();
	part->release();
	EXPECT(signal_of(address, false) == 0);
	part->release();
	EXPECT(signal_of(address, false) == SIGSEGV);
	buffer->retain();
	EXPECT(iokmem_desc_get_retain_count(buffer) == 3);
	buffer->release();
	buffer->release();
	EXPECT(bytes_of(map)[9999] == 'x');
	map->release();
	return 0;
}

int driverkit_has_one_address_range()
{
	IOBufferMemoryDescriptor *buffer;
	uint64_t address, length;
	IOAddressSegment range;

	EXPECT_OK(IOBufferMemoryDescriptor::Create(kIOMemoryDirectionOut, 10000, 64, &buffer));
	EXPECT_OK(buffer->SetLength(100));
	EXPECT_OK(buffer->GetAddressRange(&range));
	EXPECT(range.length == 100);
	EXPECT(signal_of(range.address, true) == 0);
	EXPECT_OK(buffer->Map(0, 0, 0, 0, &address, &length));
	EXPECT(address == range.address && length == 100);
	buffer->release();
	return 0;
}

int driverkit_describes_parts()
{
	const uint64_t page = IOVMPageSize;
	IOBufferMemoryDescriptor *buffer;
	IOMemoryDescriptor *halves[2], *both;
	IOMemoryMap *whole, *map;

	EXPECT_OK(IOBufferMemoryDescriptor::Create(kIOMemoryDirectionInOut, 2 * page, 0, &buffer));
	EXPECT_OK(buffer->CreateMapping(0, 0, 0, 0, 0, &whole));
	/* The second page, and then the first one. */
	for (int i = 0; i < 2; i++)
		EXPECT_OK(IOMemoryDescriptor::CreateSubMemoryDescriptor(kIOMemoryDirectionInOut,
									i ? 0 : page, page,
									buffer, &halves[i]));
	EXPECT_OK(IOMemoryDescriptor::CreateWithMemoryDescriptors(kIOMemoryDirectionInOut, 2,
								  halves, &both));
	EXPECT_OK(both->CreateMapping(kIOMemoryMapGuardedNone, 0, 0, 0, 0, &map));
	bytes_of(whole)[page] = 'A';
	bytes_of(whole)[0] = 'B';
	EXPECT(bytes_of(map)[0] == 'A' && bytes_of(map)[page] == 'B');
	OSSafeReleaseNULL(map);
	OSSafeReleaseNULL(both);
	OSSafeReleaseNULL(halves[0]);
	OSSafeReleaseNULL(halves[1]);
	OSSafeReleaseNULL(whole);
	OSSafeReleaseNULL(buffer);
	return 0;
}

/* errno is the library's, and a result is always stored. */
int driverkit_fails_as_the_library()
{
	IOBufferMemoryDescriptor *buffer = reinterpret_cast<IOBufferMemoryDescriptor *>(8);
	IOMemoryDescriptor *const garbage = buffer;
	IOMemoryDescriptor *many[33], *memory;
	IODMACommand *command = reinterpret_cast<IODMACommand *>(8);
	IODMACommandSpecification specification = {};
	IOMemoryMap *map = reinterpret_cast<IOMemoryMap *>(8);
	uint64_t length;

	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IOBufferMemoryDescriptor::Create(0, 1, 0, nullptr));
	EXPECT_FAILS(kIOReturnBadArgument, EOPNOTSUPP,
		     IOBufferMemoryDescriptor::Create(kIOMemoryDisableCopyOnWrite, 1, 0, &buffer));
	EXPECT(!buffer);
	EXPECT_OK(IOBufferMemoryDescriptor::Create(kIOMemoryDirectionInOut, 100, 0, &buffer));
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL, buffer->GetLength(nullptr));
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL, buffer->GetAddressRange(nullptr));
	EXPECT_RETURN(kIOReturnBadArgument, buffer->SetLength(101));
	EXPECT_FAILS(kIOReturnError, ERANGE, buffer->CreateMapping(0, 0, 0, 101, 0, &map));
	EXPECT(!map);
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL, buffer->CreateMapping(0, 0, 0, 0, 0, nullptr));
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL, buffer->Map(0, 0, 0, 8, &length, &length));

	memory = garbage;
	EXPECT_RETURN(kIOReturnBadArgument,
		      IOMemoryDescriptor::CreateSubMemoryDescriptor(0, 1, 100, buffer, &memory));
	EXPECT(!memory);
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IOMemoryDescriptor::CreateSubMemoryDescriptor(0, 0, 1, nullptr, &memory));
	for (IOMemoryDescriptor *&member : many)
		member = buffer;
	memory = garbage;
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IOMemoryDescriptor::CreateWithMemoryDescriptors(0, 33, many, &memory));
	EXPECT(!memory);
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IOMemoryDescriptor::CreateWithMemoryDescriptors(0, 0, many, &memory));
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IOMemoryDescriptor::CreateWithMemoryDescriptors(0, 1, nullptr, &memory));
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IOMemoryDescriptor::CreateWithMemoryDescriptors(0, 1, many, nullptr));
	many[1] = nullptr;
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IOMemoryDescriptor::CreateWithMemoryDescriptors(0, 2, many, &memory));
	buffer->release();

	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IODMACommand::Create(nullptr, 0, &specification, &command));
	EXPECT(!command);
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IODMACommand::Create(nullptr, 0, nullptr, &command));
	EXPECT_FAILS(kIOReturnBadArgument, EINVAL,
		     IODMACommand::Create(nullptr, 0, &specification, nullptr));
	return 0;
}

static unsigned int count(const OSSharedPtr<IOBufferMemoryDescriptor> &pointer)
{
	return iokmem_desc_get_retain_count(pointer.get());
}

int driverkit_shared_pointers()
{
	OSSharedPtr<IOBufferMemoryDescriptor> buffer, other;
	OSSharedPtr<IOMemoryDescriptor> base;
	OSSharedPtr<IOMemoryMap> map;
	IOBufferMemoryDescriptor *raw;

	EXPECT(!buffer && buffer == nullptr && buffer == other);
	EXPECT_OK(IOBufferMemoryDescriptor::Create(kIOMemoryDirectionInOut, 100, 0,
						   buffer.attach()));
	EXPECT(buffer && buffer != nullptr && buffer != other);
	EXPECT_OK(buffer->CreateMapping(0, 0, 0, 0, 0, map.attach()));
	EXPECT((*map).GetLength() == 100);
	map.reset();
	EXPECT(count(buffer) == 1);

	/* Copying takes a reference, moving does not. */
	other = buffer;
	EXPECT(count(buffer) == 2 && other == buffer);
	other = *&other;
	EXPECT(count(buffer) == 2);
	base = other;
	EXPECT(count(buffer) == 3 && base == buffer);
	base = std::move(other);
	EXPECT(count(buffer) == 2 && !other);
	base = nullptr;
	EXPECT(count(buffer) == 1);
	{
		OSSharedPtr copy(buffer);
		OSSharedPtr<IOMemoryDescriptor> moved(std::move(copy));

		EXPECT(count(buffer) == 2 && !copy && moved == buffer);
	}
	EXPECT(count(buffer) == 1);

	/* Raw pointers: with a reference that the program has, or with another one. */
	raw = buffer.get();
	other.reset(raw, OSRetain);
	EXPECT(count(buffer) == 2 && other == raw);
	other.reset(other.get(), OSRetain);
	EXPECT(count(buffer) == 2);
	EXPECT(other.detach() == raw && !other);
	other = OSSharedPtr(raw, OSNoRetain);
	EXPECT(count(buffer) == 2);
	swap(buffer, other);
	other.reset();
	EXPECT(count(buffer) == 1);
	other = OSSharedPtr(raw, OSRetain);
	EXPECT(count(buffer) == 2);

	/* Another object in place of one: that one is released before. */
	EXPECT_OK(IOBufferMemoryDescriptor::Create(kIOMemoryDirectionInOut, 1, 0, other.attach()));
	EXPECT(count(buffer) == 1 && count(other) == 1 && other != raw);
	other.reset(nullptr, OSNoRetain);
	return 0;
}
