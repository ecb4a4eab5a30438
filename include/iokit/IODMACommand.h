/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IODMACommand: see IOTypes.h.
 *
 * Where IOKit takes an IOMapper, or a device in its place, callers must pass the device:
 * Linux has no system-wide mapper.
 */
#ifndef _IOKIT_IODMACOMMAND_H
#define _IOKIT_IODMACOMMAND_H

#include <linux/kref.h>
#include <linux/slab.h>

#include <iokit/IOBufferMemoryDescriptor.h>
#include <iokit/IOMemoryDescriptor.h>

#define kIODMAMapOptionMapped		0x00000000u
#define kIODMAMapOptionBypassed		0x00000001u
#define kIODMAMapOptionNonCoherent	0x00000002u
#define kIODMAMapOptionUnmapped		0x00000003u
#define kIODMAMapOptionTypeMask		0x0000000fu
#define kIODMAMapOptionNoCacheStore	0x00000010u
#define kIODMAMapOptionOnChip		0x00000020u
#define kIODMAMapOptionIterateOnly	0x00000040u
#define kIODMAMapOptionDextOwner	0x00000080u

/* The names that these mapping options have in the class. */
#define IODMACommand_kMapped		kIODMAMapOptionMapped
#define IODMACommand_kBypassed		kIODMAMapOptionBypassed
#define IODMACommand_kNonCoherent	kIODMAMapOptionNonCoherent
#define IODMACommand_kUnmapped		kIODMAMapOptionUnmapped
#define IODMACommand_kTypeMask		kIODMAMapOptionTypeMask
#define IODMACommand_kNoCacheStore	kIODMAMapOptionNoCacheStore
#define IODMACommand_kOnChip		kIODMAMapOptionOnChip
#define IODMACommand_kIterateOnly	kIODMAMapOptionIterateOnly

/* Option of synchronize(), besides a direction. */
#define IODMACommand_kForceDoubleBuffer	0x01000000u

/* All mapping options that IOKit knows. */
#define IOKIT_DMA_MAP_KNOWN		0x000000f3u

typedef struct IODMACommand IODMACommand;
typedef UInt32 IODMACommand_MappingOptions;

typedef struct {
	UInt32 fIOVMAddr;
	UInt32 fLength;
} IODMACommand_Segment32;

typedef struct {
	UInt64 fIOVMAddr;
	UInt64 fLength;
} IODMACommand_Segment64;

typedef struct {
	UInt8 fStructSize;
	UInt8 fNumAddressBits;
	UInt64 fMaxSegmentSize;
	UInt64 fMaxTransferSize;
	UInt32 fAlignment;
	UInt32 fAlignmentLength;
	UInt32 fAlignmentInternalSegments;
} IODMACommand_SegmentOptions;

/* Put a segment into the caller's table. Return false if the table cannot express it. */
typedef bool (*IODMACommand_SegmentFunction)(IODMACommand *target,
					     IODMACommand_Segment64 segment,
					     void *segments, UInt32 segmentIndex);

/**
 * struct IODMACommand - a DMA command
 * @refs: references
 * @outSegFunc: function that puts segments into tables; NULL: not specified yet
 * @specification: the limits of the device, with zeroes replaced by the defaults
 * @device: the device of @dma
 * @dma: the command of <linux/iokmem.h>; NULL until a device is known
 * @memory: the descriptor, with a reference, until it is passed on to @dma
 * @fRefCon: the driver's value
 *
 * As in IOKit, the caller must make sure that only one thread at a time uses a command.
 */
struct IODMACommand {
	struct kref refs;
	IODMACommand_SegmentFunction outSegFunc;
	struct iokmem_dma_specification specification;
	struct device *device;
	struct iokmem_dma *dma;
	IOMemoryDescriptor *memory;
	void *fRefCon;
};

/* The functions that put segments into a table in the usual formats. */

static inline bool IODMACommand_OutputHost32(IODMACommand *target,
					     IODMACommand_Segment64 segment, void *segments,
					     UInt32 segmentIndex)
{
	IODMACommand_Segment32 *out = (IODMACommand_Segment32 *)segments + segmentIndex;

	out->fIOVMAddr = segment.fIOVMAddr;
	out->fLength = segment.fLength;
	return true;
}

static inline bool IODMACommand_OutputBig32(IODMACommand *target,
					    IODMACommand_Segment64 segment, void *segments,
					    UInt32 segmentIndex)
{
	__be32 *out = (__be32 *)segments + 2 * segmentIndex;

	out[0] = cpu_to_be32(segment.fIOVMAddr);
	out[1] = cpu_to_be32(segment.fLength);
	return true;
}

static inline bool IODMACommand_OutputLittle32(IODMACommand *target,
					       IODMACommand_Segment64 segment,
					       void *segments, UInt32 segmentIndex)
{
	__le32 *out = (__le32 *)segments + 2 * segmentIndex;

	out[0] = cpu_to_le32(segment.fIOVMAddr);
	out[1] = cpu_to_le32(segment.fLength);
	return true;
}

static inline bool IODMACommand_OutputHost64(IODMACommand *target,
					     IODMACommand_Segment64 segment, void *segments,
					     UInt32 segmentIndex)
{
	((IODMACommand_Segment64 *)segments)[segmentIndex] = segment;
	return true;
}

static inline bool IODMACommand_OutputBig64(IODMACommand *target,
					    IODMACommand_Segment64 segment, void *segments,
					    UInt32 segmentIndex)
{
	__be64 *out = (__be64 *)segments + 2 * segmentIndex;

	out[0] = cpu_to_be64(segment.fIOVMAddr);
	out[1] = cpu_to_be64(segment.fLength);
	return true;
}

static inline bool IODMACommand_OutputLittle64(IODMACommand *target,
					       IODMACommand_Segment64 segment,
					       void *segments, UInt32 segmentIndex)
{
	__le64 *out = (__le64 *)segments + 2 * segmentIndex;

	out[0] = cpu_to_le64(segment.fIOVMAddr);
	out[1] = cpu_to_le64(segment.fLength);
	return true;
}

#define kIODMACommandOutputHost32	(IODMACommand_OutputHost32)
#define kIODMACommandOutputBig32	(IODMACommand_OutputBig32)
#define kIODMACommandOutputLittle32	(IODMACommand_OutputLittle32)
#define kIODMACommandOutputHost64	(IODMACommand_OutputHost64)
#define kIODMACommandOutputBig64	(IODMACommand_OutputBig64)
#define kIODMACommandOutputLittle64	(IODMACommand_OutputLittle64)

static inline bool iokit_puts_32_bits(IODMACommand_SegmentFunction outSegFunc)
{
	return outSegFunc == kIODMACommandOutputHost32 ||
	       outSegFunc == kIODMACommandOutputBig32 ||
	       outSegFunc == kIODMACommandOutputLittle32;
}

/* Convert a specification. iokmem checks its sizes and alignments later. */
static inline IOReturn iokit_dma_specify(struct iokmem_dma_specification *specification,
					 IODMACommand_SegmentFunction outSegFunc,
					 const IODMACommand_SegmentOptions *options,
					 UInt32 mappingOptions)
{
	unsigned int bits;

	if (!outSegFunc || !options || options->fStructSize != sizeof(*options))
		return kIOReturnBadArgument;
	if (mappingOptions & ~IOKIT_DMA_MAP_KNOWN)
		return kIOReturnBadArgument;
	/* The DMA API itself decides about IOMMUs and cache maintenance. */
	if (mappingOptions != kIODMAMapOptionMapped)
		return kIOReturnUnsupported;
	bits = options->fNumAddressBits;
	if (!bits && iokit_puts_32_bits(outSegFunc))
		bits = 32;
	if (bits > 64 || (bits > 32 && iokit_puts_32_bits(outSegFunc)))
		return kIOReturnBadArgument;
	*specification = (struct iokmem_dma_specification) {
		.address_bits = bits,
		.max_segment_size = options->fMaxSegmentSize,
		.max_transfer_size = options->fMaxTransferSize,
		.alignment = options->fAlignment ? options->fAlignment : 1,
		.alignment_length = options->fAlignmentLength ?
				    options->fAlignmentLength : 1,
	};
	specification->alignment_internal_segments =
		options->fAlignmentInternalSegments ?
		options->fAlignmentInternalSegments : specification->alignment;
	return kIOReturnSuccess;
}

/* Return segment options with these members set. */
static inline IODMACommand_SegmentOptions
iokit_segment_options(UInt8 numAddressBits, UInt64 maxSegmentSize, UInt64 maxTransferSize,
		      UInt32 alignment)
{
	IODMACommand_SegmentOptions options = {
		.fStructSize = sizeof(options),
		.fNumAddressBits = numAddressBits,
		.fMaxSegmentSize = maxSegmentSize,
		.fMaxTransferSize = maxTransferSize,
		.fAlignment = alignment,
	};

	return options;
}

/*
 * Make the command be for @device, and move the memory to it. If @device is NULL, keep the
 * device that the command is for already.
 */
static inline IOReturn iokit_dma_device(IODMACommand *command, struct device *device)
{
	IOMemoryDescriptor *memory = NULL;
	struct iokmem_dma *dma;

	if (!device)
		return command->dma ? kIOReturnSuccess : kIOReturnBadArgument;
	if (command->dma && command->device == device)
		return kIOReturnSuccess;
	if (command->dma &&
	    !iokmem_dma_get_prepared_offset_and_length(command->dma, NULL, NULL))
		return kIOReturnNotPermitted;

	dma = iokmem_dma_with_specification(device, NULL);
	if (IS_ERR(dma))
		return iokit_from_errno(PTR_ERR(dma));
	swap(memory, command->memory);
	if (command->dma)
		memory = iokmem_dma_get_memory_descriptor(command->dma);
	/* This cannot fail, since it does not prepare. */
	iokmem_dma_set_memory_descriptor(dma, memory, false);
	if (memory)
		iokmem_desc_put(memory);
	if (command->dma)
		iokmem_dma_put(command->dma);
	command->dma = dma;
	command->device = device;
	return kIOReturnSuccess;
}

static inline void iokit_dma_free(struct kref *refs)
{
	IODMACommand *command = container_of(refs, IODMACommand, refs);

	if (command->dma)
		iokmem_dma_put(command->dma);
	if (command->memory)
		iokmem_desc_put(command->memory);
	kfree(command);
}

static inline void IODMACommand_retain(IODMACommand *command)
{
	kref_get(&command->refs);
}

static inline void IODMACommand_release(IODMACommand *command)
{
	kref_put(&command->refs, iokit_dma_free);
}

typedef struct IODMACommand *iokit_command_t;

#undef OSObject_release
#define OSObject_release(object) _Generic((object),		\
	iokit_desc_t : iokmem_desc_put,				\
	iokit_map_t : iokmem_map_put,				\
	iokit_command_t : IODMACommand_release)(object)

/* The factories. Each returns NULL or a reference that the caller owns. */

static inline IODMACommand *IODMACommand_withRefCon(void *refCon)
{
	IODMACommand *command = kzalloc(sizeof(*command), GFP_KERNEL);

	if (!command)
		return iokit_null(-ENOMEM);
	kref_init(&command->refs);
	command->fRefCon = refCon;
	return command;
}

/* @mapper is the device. The command for it is made at once, to report errors here. */
static inline IODMACommand *
IODMACommand_withSpecification_options(IODMACommand_SegmentFunction outSegFunc,
				       const IODMACommand_SegmentOptions *segmentOptions,
				       UInt32 mappingOptions, IOMapper *mapper,
				       void *refCon)
{
	struct iokmem_dma_specification specification;
	IODMACommand *command;
	struct iokmem_dma *dma;
	IOReturn ret;

	ret = iokit_dma_specify(&specification, outSegFunc, segmentOptions, mappingOptions);
	if (ret)
		return iokit_refuse(ret);
	/* Without a device, such as with kIOMapperSystem, this fails with -EINVAL. */
	dma = iokmem_dma_with_specification(mapper, &specification);
	if (IS_ERR(dma))
		return iokit_null(PTR_ERR(dma));
	command = IODMACommand_withRefCon(refCon);
	if (!command) {
		iokmem_dma_put(dma);
		return NULL;
	}
	command->dma = dma;
	command->device = mapper;
	command->outSegFunc = outSegFunc;
	command->specification = specification;
	return command;
}

static inline IODMACommand *
IODMACommand_withSpecification(IODMACommand_SegmentFunction outSegFunc,
			       UInt8 numAddressBits, UInt64 maxSegmentSize,
			       IODMACommand_MappingOptions mappingOptions,
			       UInt64 maxTransferSize, UInt32 alignment, IOMapper *mapper,
			       void *refCon)
{
	const IODMACommand_SegmentOptions options =
		iokit_segment_options(numAddressBits, maxSegmentSize, maxTransferSize,
				      alignment);

	return IODMACommand_withSpecification_options(outSegFunc, &options,
						      mappingOptions, mapper, refCon);
}

static inline IOReturn
IODMACommand_weakWithSpecification(IODMACommand **newCommand,
				   IODMACommand_SegmentFunction outSegFunc,
				   UInt8 numAddressBits, UInt64 maxSegmentSize,
				   IODMACommand_MappingOptions mapType,
				   UInt64 maxTransferSize, UInt32 alignment,
				   IOMapper *mapper, void *refCon)
{
	if (!newCommand)
		return kIOReturnBadArgument;
	*newCommand = IODMACommand_withSpecification(outSegFunc, numAddressBits,
						     maxSegmentSize, mapType,
						     maxTransferSize, alignment, mapper,
						     refCon);
	return *newCommand ? kIOReturnSuccess : kIOReturnError;
}

/* The clone gets the specification, but not the memory. */
static inline IODMACommand *IODMACommand_cloneCommand(const IODMACommand *command,
						      void *refCon)
{
	const struct iokmem_dma_specification *specification =
		command->outSegFunc ? &command->specification : NULL;
	IODMACommand *clone = IODMACommand_withRefCon(refCon);

	if (!clone || !command->dma)
		return clone;
	clone->dma = iokmem_dma_with_specification(command->device, specification);
	if (IS_ERR(clone->dma)) {
		int err = PTR_ERR(clone->dma);

		clone->dma = NULL;
		IODMACommand_release(clone);
		return iokit_null(err);
	}
	clone->device = command->device;
	clone->outSegFunc = command->outSegFunc;
	clone->specification = command->specification;
	return clone;
}

/*
 * A command is made by its factory, and cannot be initialised again.
 * prepareWithSpecification() changes its specification.
 */

static inline bool
IODMACommand_initWithSpecification(IODMACommand *command,
				   IODMACommand_SegmentFunction outSegFunc,
				   UInt8 numAddressBits, UInt64 maxSegmentSize,
				   IODMACommand_MappingOptions mappingOptions,
				   UInt64 maxTransferSize, UInt32 alignment,
				   IOMapper *mapper, void *refCon)
{
	return false;
}

static inline bool
IODMACommand_initWithSpecification_options(IODMACommand *command,
					   IODMACommand_SegmentFunction outSegFunc,
					   const IODMACommand_SegmentOptions *options,
					   UInt32 mappingOptions, IOMapper *mapper,
					   void *refCon)
{
	return false;
}

static inline bool IODMACommand_initWithRefCon(IODMACommand *command, void *refCon)
{
	return false;
}

/* IODMACommand */

static inline IOReturn IODMACommand_setMemoryDescriptor(IODMACommand *command,
							IOMemoryDescriptor *mem,
							bool autoPrepare)
{
	if (command->dma)
		return iokit_from_errno(iokmem_dma_set_memory_descriptor(command->dma, mem,
									 autoPrepare));
	if (mem && autoPrepare)
		return kIOReturnNotReady;
	if (mem)
		iokmem_desc_get(mem);
	swap(command->memory, mem);
	if (mem)
		iokmem_desc_put(mem);
	return kIOReturnSuccess;
}

static inline IOReturn IODMACommand_clearMemoryDescriptor(IODMACommand *command,
							  bool autoComplete)
{
	if (!command->dma)
		return IODMACommand_setMemoryDescriptor(command, NULL, false);
	/* This can only fail because the command is prepared. */
	return iokmem_dma_clear_memory_descriptor(command->dma, autoComplete) ?
	       kIOReturnNotReady : kIOReturnSuccess;
}

/* Returns no reference to the descriptor; the command keeps it. */
static inline IOMemoryDescriptor *
IODMACommand_getIOMemoryDescriptor(const IODMACommand *command)
{
	IOMemoryDescriptor *md;

	if (!command->dma)
		return command->memory;
	md = iokmem_dma_get_memory_descriptor(command->dma);
	if (md)
		iokmem_desc_put(md);
	return md;
}

static inline const IOMemoryDescriptor *
IODMACommand_getMemoryDescriptor(const IODMACommand *command)
{
	return IODMACommand_getIOMemoryDescriptor(command);
}

/*
 * @flushCache and @synchronize have no effect: the DMA API always does the cache
 * maintenance and copying that the device needs.
 */
static inline IOReturn IODMACommand_prepare(IODMACommand *command, UInt64 offset,
					    UInt64 length, bool flushCache,
					    bool synchronize)
{
	if (!command->dma)
		return kIOReturnNotReady;
	return iokit_from_errno(iokmem_dma_prepare(command->dma, offset, length));
}

static inline IOReturn IODMACommand_complete(IODMACommand *command, bool invalidateCache,
					     bool synchronize)
{
	if (!command->dma)
		return kIOReturnNotReady;
	return iokit_from_errno(iokmem_dma_complete(command->dma));
}

static inline IOReturn
IODMACommand_prepareWithSpecification_options(IODMACommand *command,
					      IODMACommand_SegmentFunction outSegFunc,
					      const IODMACommand_SegmentOptions *options,
					      UInt32 mappingOptions, IOMapper *mapper,
					      UInt64 offset, UInt64 length,
					      bool flushCache, bool synchronize)
{
	struct iokmem_dma_specification specification;
	IOReturn ret;
	int err;

	ret = iokit_dma_specify(&specification, outSegFunc, options, mappingOptions);
	if (!ret)
		ret = iokit_dma_device(command, mapper);
	if (ret)
		return ret;
	err = iokmem_dma_prepare_with_specification(command->dma, &specification, offset,
						    length);
	if (err)
		return iokit_from_errno(err);
	command->outSegFunc = outSegFunc;
	command->specification = specification;
	return kIOReturnSuccess;
}

static inline IOReturn
IODMACommand_prepareWithSpecification(IODMACommand *command,
				      IODMACommand_SegmentFunction outSegFunc,
				      UInt8 numAddressBits, UInt64 maxSegmentSize,
				      IODMACommand_MappingOptions mappingOptions,
				      UInt64 maxTransferSize, UInt32 alignment,
				      IOMapper *mapper, UInt64 offset, UInt64 length,
				      bool flushCache, bool synchronize)
{
	const IODMACommand_SegmentOptions options =
		iokit_segment_options(numAddressBits, maxSegmentSize, maxTransferSize,
				      alignment);

	return IODMACommand_prepareWithSpecification_options(command, outSegFunc, &options,
							     mappingOptions, mapper,
							     offset, length, flushCache,
							     synchronize);
}

static inline IOReturn IODMACommand_getPreparedOffsetAndLength(IODMACommand *command,
							       UInt64 *offset,
							       UInt64 *length)
{
	size_t at, n;
	int err;

	if (!command->dma)
		return kIOReturnNotReady;
	err = iokmem_dma_get_prepared_offset_and_length(command->dma, &at, &n);
	if (err)
		return iokit_from_errno(err);
	if (offset)
		*offset = at;
	if (length)
		*length = n;
	return kIOReturnSuccess;
}

static inline IOReturn IODMACommand_synchronize(IODMACommand *command, IOOptionBits options)
{
	if (options & ~(kIODirectionInOut | IODMACommand_kForceDoubleBuffer) ||
	    (options & kIODirectionInOut) == kIODirectionInOut)
		return kIOReturnBadArgument;
	if (!command->dma)
		return kIOReturnNotReady;
	/* The copy is new, so nothing else is to be done. */
	if (options & IODMACommand_kForceDoubleBuffer)
		return iokit_from_errno(iokmem_dma_double_buffer(command->dma));
	return iokit_from_errno(iokmem_dma_synchronize(command->dma, options));
}

/* Put the next segment from @offset on into slot @i of a table, by @outSegFunc. */
static inline IOReturn iokit_put_segment(IODMACommand *command, size_t *offset,
					 IODMACommand_SegmentFunction outSegFunc,
					 void *segments, UInt32 i)
{
	struct iokmem_dma_segment found;
	IODMACommand_Segment64 segment;
	unsigned int nr = 1;
	int err;

	err = iokmem_dma_gen_segments(command->dma, offset, &found, &nr);
	if (err)
		return iokit_from_errno(err);
	segment.fIOVMAddr = found.address;
	segment.fLength = found.length;
	if (iokit_puts_32_bits(outSegFunc) &&
	    (upper_32_bits(found.length) ||
	     upper_32_bits(found.address + found.length - 1)))
		return kIOReturnMessageTooLarge;
	return outSegFunc(command, segment, segments, i) ? kIOReturnSuccess :
							   kIOReturnMessageTooLarge;
}

/* Like genIOVMSegments(), but with the caller's function instead of the command's. */
static inline IOReturn
IODMACommand_genIOVMSegments_function(IODMACommand *command,
				      IODMACommand_SegmentFunction segmentFunction,
				      UInt64 *offset, void *segments, UInt32 *numSegments)
{
	IOReturn ret = kIOReturnSuccess;
	size_t at;
	UInt32 i;

	if (!segmentFunction || !offset || !segments || !numSegments || !*numSegments)
		return kIOReturnBadArgument;
	if (!command->dma)
		return kIOReturnNotReady;
	at = *offset;
	for (i = 0; i < *numSegments && !ret; i++)
		ret = iokit_put_segment(command, &at, segmentFunction, segments, i);
	/* The end of the memory was reached, after at least one segment. */
	if (ret == kIOReturnOverrun && i > 1) {
		ret = kIOReturnSuccess;
		i--;
	}
	if (ret)
		return ret;
	*offset = at;
	*numSegments = i;
	return kIOReturnSuccess;
}

static inline IOReturn IODMACommand_genIOVMSegments(IODMACommand *command, UInt64 *offset,
						    void *segments, UInt32 *numSegments)
{
	if (!command->outSegFunc)
		return kIOReturnNotReady;
	return IODMACommand_genIOVMSegments_function(command, command->outSegFunc, offset,
						     segments, numSegments);
}

static inline IOReturn IODMACommand_gen32IOVMSegments(IODMACommand *command, UInt64 *offset,
						      IODMACommand_Segment32 *segments,
						      UInt32 *numSegments)
{
	return IODMACommand_genIOVMSegments(command, offset, segments, numSegments);
}

static inline IOReturn IODMACommand_gen64IOVMSegments(IODMACommand *command, UInt64 *offset,
						      IODMACommand_Segment64 *segments,
						      UInt32 *numSegments)
{
	return IODMACommand_genIOVMSegments(command, offset, segments, numSegments);
}

static inline UInt64 IODMACommand_readBytes(IODMACommand *command, UInt64 offset,
					    void *bytes, UInt64 length)
{
	return command->dma ? iokmem_dma_read_bytes(command->dma, offset, bytes, length) : 0;
}

static inline UInt64 IODMACommand_writeBytes(IODMACommand *command, UInt64 offset,
					     const void *bytes, UInt64 length)
{
	return command->dma ? iokmem_dma_write_bytes(command->dma, offset, bytes, length) :
			      0;
}

static inline UInt8 IODMACommand_getNumAddressBits(const IODMACommand *command)
{
	return command->specification.address_bits;
}

static inline UInt32 IODMACommand_getAlignment(const IODMACommand *command)
{
	return command->specification.alignment;
}

static inline UInt32 IODMACommand_getAlignmentLength(const IODMACommand *command)
{
	return command->specification.alignment_length;
}

static inline UInt32
IODMACommand_getAlignmentInternalSegments(const IODMACommand *command)
{
	return command->specification.alignment_internal_segments;
}

static inline IOBufferMemoryDescriptor *
IODMACommand_createCopyBuffer(IODMACommand *command, IODirection direction, UInt64 length)
{
	if (!command->dma)
		return iokit_null(-EBADFD);
	return iokit_desc(iokmem_dma_create_copy_buffer(command->dma, direction, length));
}

#endif /* _IOKIT_IODMACOMMAND_H */
