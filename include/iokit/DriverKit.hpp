/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DriverKit's memory classes for programs in C++, on top of <libiokmem.h>. Memory code of a
 * driver for DriverKit compiles with this header in place of DriverKit's.
 *
 * An object is the library's: a pointer to an IOMemoryDescriptor is a struct iokmem_desc * as
 * well, and a pointer to an IOMemoryMap a struct iokmem_map *. So each can be passed to the
 * functions of <libiokmem.h>, such as iokmem_desc_send(). Objects are created by the static
 * methods and by CreateMapping(), and freed by the last release().
 *
 * A method behaves like the function of <libiokmem.h> that it calls. Options that DriverKit
 * ignores are refused. errno says why a call failed. No method throws, and the classes have
 * neither virtual methods nor a common base class.
 *
 * For C++17 and later.
 */
#ifndef _IOKIT_DRIVERKIT_HPP
#define _IOKIT_DRIVERKIT_HPP

#ifdef _IOKIT_DRIVERKIT_H
#error A source includes either <iokit/DriverKit.h> or <iokit/DriverKit.hpp>
#endif

#include <type_traits>

#include <iokit/DriverKitTypes.h>

/* The library's objects. Only the library creates and frees them. */
struct iokmem_desc {
	iokmem_desc() = delete;
	iokmem_desc(const iokmem_desc &) = delete;
	iokmem_desc &operator=(const iokmem_desc &) = delete;
	~iokmem_desc() = delete;
};

struct iokmem_map {
	iokmem_map() = delete;
	iokmem_map(const iokmem_map &) = delete;
	iokmem_map &operator=(const iokmem_map &) = delete;
	~iokmem_map() = delete;
};

struct iokmem_device {
	iokmem_device() = delete;
	iokmem_device(const iokmem_device &) = delete;
	iokmem_device &operator=(const iokmem_device &) = delete;
	~iokmem_device() = delete;
};

struct iokmem_dma {
	iokmem_dma() = delete;
	iokmem_dma(const iokmem_dma &) = delete;
	iokmem_dma &operator=(const iokmem_dma &) = delete;
	~iokmem_dma() = delete;
};

/* Give the caller the library's object @from, or NULL, as an object of the class. */
template <class Object, class Base>
inline kern_return_t iokmem_give(kern_return_t ret, Base *from, Object **to)
{
	if (to)
		*to = static_cast<Object *>(from);
	return ret;
}

class IOMemoryMap : public iokmem_map {
public:
	void retain() const
	{
		iokmem_map_get(const_cast<IOMemoryMap *>(this));
	}

	void release() const
	{
		iokmem_map_put(const_cast<IOMemoryMap *>(this));
	}

	uint64_t GetAddress() const
	{
		return iokmem_map_get_address(this);
	}

	uint64_t GetLength() const
	{
		return iokmem_map_get_length(this);
	}

	uint64_t GetOffset() const
	{
		return iokmem_map_get_offset(this);
	}
};

class IOMemoryDescriptor : public iokmem_desc {
public:
	static kern_return_t
	CreateSubMemoryDescriptor(uint64_t options, uint64_t offset, uint64_t length,
				  IOMemoryDescriptor *of, IOMemoryDescriptor **memory)
	{
		struct iokmem_desc *desc = nullptr;
		kern_return_t ret;

		ret = iokmem_desc_create_sub_memory_descriptor(options, offset, length, of,
							       memory ? &desc : nullptr);
		return iokmem_give(ret, desc, memory);
	}

	static kern_return_t
	CreateWithMemoryDescriptors(uint64_t options, uint32_t count,
				    IOMemoryDescriptor *const *descriptors,
				    IOMemoryDescriptor **memory)
	{
		struct iokmem_desc *members[IOKMEM_MEMORY_DESCRIPTORS_MAX] = {};
		struct iokmem_desc *desc = nullptr;
		kern_return_t ret;

		/* The library refuses a larger count before it looks at the members. */
		for (uint32_t i = 0; descriptors && i < count &&
		     i < IOKMEM_MEMORY_DESCRIPTORS_MAX; i++)
			members[i] = descriptors[i];
		ret = iokmem_desc_create_with_memory_descriptors(options, count,
								 descriptors ? members : nullptr,
								 memory ? &desc : nullptr);
		return iokmem_give(ret, desc, memory);
	}

	void retain() const
	{
		iokmem_desc_get(const_cast<IOMemoryDescriptor *>(this));
	}

	void release() const
	{
		iokmem_desc_put(const_cast<IOMemoryDescriptor *>(this));
	}

	kern_return_t GetLength(uint64_t *returnLength)
	{
		return iokmem_desc_get_length(this, returnLength);
	}

	kern_return_t CreateMapping(uint64_t options, uint64_t address, uint64_t offset,
				    uint64_t length, uint64_t alignment, IOMemoryMap **map)
	{
		struct iokmem_map *new_map = nullptr;
		kern_return_t ret;

		ret = iokmem_desc_create_mapping(this, options, address, offset, length,
						 alignment, map ? &new_map : nullptr);
		return iokmem_give(ret, new_map, map);
	}

	kern_return_t Map(uint64_t options, uint64_t address, uint64_t length,
			  uint64_t alignment, uint64_t *returnAddress, uint64_t *returnLength)
	{
		return iokmem_desc_map(this, options, address, length, alignment,
				       returnAddress, returnLength);
	}
};

class IOBufferMemoryDescriptor : public IOMemoryDescriptor {
public:
	static kern_return_t Create(uint64_t options, uint64_t capacity, uint64_t alignment,
				    IOBufferMemoryDescriptor **memory)
	{
		struct iokmem_desc *desc = nullptr;
		kern_return_t ret;

		ret = iokmem_buffer_create(options, capacity, alignment,
					   memory ? &desc : nullptr);
		return iokmem_give(ret, desc, memory);
	}

	kern_return_t GetAddressRange(IOAddressSegment *range)
	{
		return iokmem_buffer_get_address_range(this, range);
	}

	kern_return_t SetLength(uint64_t length)
	{
		return iokmem_buffer_set_length(this, length);
	}
};

/* A device that the program drives by VFIO: iokmem_device_create_with_vfio(). */
class IOService : public iokmem_device {
public:
	void retain() const
	{
		iokmem_device_get(const_cast<IOService *>(this));
	}

	void release() const
	{
		iokmem_device_put(const_cast<IOService *>(this));
	}
};

class IODMACommand : public iokmem_dma {
public:
	static kern_return_t Create(IOService *device, uint64_t options,
				    const IODMACommandSpecification *specification,
				    IODMACommand **command)
	{
		struct iokmem_dma *dma = nullptr;
		kern_return_t ret = kIOReturnBadArgument;

		if (specification && !specification->options)
			ret = iokmem_dma_create(device, options, specification->maxAddressBits,
						command ? &dma : nullptr);
		else
			errno = EINVAL;
		return iokmem_give(ret, dma, command);
	}

	void retain() const
	{
		iokmem_dma_get(const_cast<IODMACommand *>(this));
	}

	void release() const
	{
		iokmem_dma_put(const_cast<IODMACommand *>(this));
	}

	kern_return_t PrepareForDMA(uint64_t options, IOMemoryDescriptor *memory, uint64_t offset,
				    uint64_t length, uint64_t *flags, uint32_t *segmentsCount,
				    IOAddressSegment *segments)
	{
		return iokmem_dma_prepare(this, options, memory, offset, length, flags,
					  segmentsCount, segments);
	}

	kern_return_t CompleteDMA(uint64_t options)
	{
		return iokmem_dma_complete(this, options);
	}

	kern_return_t GetPreparation(uint64_t *offset, uint64_t *length,
				     IOMemoryDescriptor **memory)
	{
		struct iokmem_desc *desc = nullptr;
		kern_return_t ret;

		ret = iokmem_dma_get_preparation(this, offset, length, memory ? &desc : nullptr);
		return iokmem_give(ret, desc, memory);
	}

	kern_return_t PerformOperation(uint64_t options, uint64_t dmaOffset, uint64_t length,
				       uint64_t dataOffset, IOMemoryDescriptor *data)
	{
		return iokmem_dma_perform_operation(this, options, dmaOffset, length, dataOffset,
						    data);
	}
};

/* Release an object, unless there is none, and forget it. */
#define OSSafeReleaseNULL(object)				\
	do {							\
		if (object)					\
			(object)->release();			\
		(object) = nullptr;				\
	} while (0)

/* Whether an OSSharedPtr takes a reference of its own, or the caller's. */
struct OSRetainTag {};
struct OSNoRetainTag {};
static constexpr OSRetainTag OSRetain = {};
static constexpr OSNoRetainTag OSNoRetain = {};

/**
 * class OSSharedPtr - a pointer that holds one reference to its object, if it has one
 */
template <class T>
class OSSharedPtr {
public:
	OSSharedPtr() noexcept = default;

	OSSharedPtr(decltype(nullptr)) noexcept
	{
	}

	OSSharedPtr(T *pointer, OSNoRetainTag) noexcept : object(pointer)
	{
	}

	OSSharedPtr(T *pointer, OSRetainTag) noexcept : object(pointer)
	{
		if (object)
			object->retain();
	}

	OSSharedPtr(const OSSharedPtr &other) noexcept : OSSharedPtr(other.get(), OSRetain)
	{
	}

	OSSharedPtr(OSSharedPtr &&other) noexcept : object(other.detach())
	{
	}

	/* From a pointer to an object of a derived class. */
	template <class U, class = std::enable_if_t<std::is_convertible_v<U *, T *>>>
	OSSharedPtr(const OSSharedPtr<U> &other) noexcept : OSSharedPtr(other.get(), OSRetain)
	{
	}

	template <class U, class = std::enable_if_t<std::is_convertible_v<U *, T *>>>
	OSSharedPtr(OSSharedPtr<U> &&other) noexcept : object(other.detach())
	{
	}

	~OSSharedPtr()
	{
		if (object)
			object->release();
	}

	/* The parameter releases the former object. */
	OSSharedPtr &operator=(OSSharedPtr other) noexcept
	{
		swap(*this, other);
		return *this;
	}

	void reset() noexcept
	{
		*this = OSSharedPtr();
	}

	void reset(T *pointer, OSNoRetainTag tag) noexcept
	{
		*this = OSSharedPtr(pointer, tag);
	}

	void reset(T *pointer, OSRetainTag tag) noexcept
	{
		*this = OSSharedPtr(pointer, tag);
	}

	/* Give the reference to the caller, and forget the object. */
	T *detach() noexcept
	{
		T *pointer = object;

		object = nullptr;
		return pointer;
	}

	/* Release the object, and return where Create() or CreateMapping() shall store another. */
	T **attach() noexcept
	{
		reset();
		return &object;
	}

	T *get() const & noexcept
	{
		return object;
	}

	/* A temporary releases its object at once. */
	T *get() const && = delete;

	T &operator*() const noexcept
	{
		return *object;
	}

	T *operator->() const noexcept
	{
		return object;
	}

	explicit operator bool() const noexcept
	{
		return object != nullptr;
	}

	friend void swap(OSSharedPtr &a, OSSharedPtr &b) noexcept
	{
		T *pointer = a.object;

		a.object = b.object;
		b.object = pointer;
	}

private:
	T *object = nullptr;
};

template <class T, class U>
bool operator==(const OSSharedPtr<T> &a, const OSSharedPtr<U> &b) noexcept
{
	return a.get() == b.get();
}

template <class T, class U>
bool operator!=(const OSSharedPtr<T> &a, const OSSharedPtr<U> &b) noexcept
{
	return a.get() != b.get();
}

template <class T>
bool operator==(const OSSharedPtr<T> &a, const T *b) noexcept
{
	return a.get() == b;
}

template <class T>
bool operator!=(const OSSharedPtr<T> &a, const T *b) noexcept
{
	return a.get() != b;
}

template <class T>
bool operator==(const OSSharedPtr<T> &a, decltype(nullptr)) noexcept
{
	return !a;
}

template <class T>
bool operator!=(const OSSharedPtr<T> &a, decltype(nullptr)) noexcept
{
	return !!a;
}

#endif /* _IOKIT_DRIVERKIT_HPP */
