// SPDX-License-Identifier: GPL-2.0
/*
 * The main purpose, as a story of two processes: A creates a buffer, maps it, and passes it to
 * B. The program checks every sentence before it prints it, and exits with code 1 if one is
 * not true.
 *
 * Needs /dev/iokmem, and /proc for the list of maps. libiokmem makes the requests.
 *
 * 'demo device' tells the story of a program and a device: QEMU's edu, with the driver
 * samples/iokmem_edu.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libiokmem.h>

#include "../../samples/iokmem_edu.h"

#define MIB		(1024UL * 1024)
#define BUFFER_SIZE	(8 * MIB)
#define WINDOW_OFFSET	(3 * MIB + 100)
#define WINDOW_LENGTH	5000UL
#define LIST		"/proc/iokmem/descriptors"
/* Lines of the list: of each descriptor, and of each map of a process. */
#define DESCRIPTOR	"iokmem-id:"
#define MAP		"iokmem-map"
#define MAP_OF(name)	MAP "-comm:\t" name
#define EDU		"/dev/iokmem-edu"
#define EDU_SYSFS	"/sys/class/misc/iokmem-edu/device"
#define EDU_DRIVER	"/sys/bus/pci/drivers/iokmem-edu/"

static const char message[] = "Written by A, without a copy.";
static char who = 'A';

/* Print a sentence of the process that speaks. */
#define tell(format, ...)	printf("  %c  " format "\n", who, ##__VA_ARGS__)

static void chapter(const char *title)
{
	printf("\n%s\n", title);
	fflush(stdout);
}

/* Go on with the story only if @ok. */
static void check(int ok, const char *what)
{
	if (ok)
		return;
	printf("  %c  WRONG: it is not true that %s (errno: %s)\n", who, what,
	       strerror(errno));
	fflush(stdout);
	exit(1);
}

static char *bytes_of(struct iokmem_map *map)
{
	return (char *)(uintptr_t)iokmem_map_get_address(map);
}

static struct iokmem_map *map(struct iokmem_desc *buffer, unsigned int options,
			      unsigned long offset, unsigned long length)
{
	struct iokmem_map *map;

	check(!iokmem_desc_create_mapping(buffer, options, 0, offset, length, 0, &map),
	      "the buffer can be mapped");
	return map;
}

static void signal_peer(int sock)
{
	check(write(sock, "!", 1) == 1, "the other process is there");
}

static void await_peer(int sock)
{
	char byte;

	check(read(sock, &byte, 1) == 1, "the other process answers");
}

/* Return how many lines of the list contain @contains. Print the list's maps if @show. */
static int list_lines(const char *contains, int show)
{
	FILE *list = fopen(LIST, "r");
	char line[512];
	int found = 0;

	check(!!list, "there is " LIST);
	while (fgets(line, sizeof(line), list)) {
		if (show && !strncmp(line, MAP, strlen(MAP)))
			printf("     | %s", line);
		found += !!strstr(line, contains);
	}
	fclose(list);
	fflush(stdout);
	return found;
}

static sigjmp_buf after_fault;

static void on_fault(int sig)
{
	siglongjmp(after_fault, sig);
}

static int can_write(char *address)
{
	if (sigsetjmp(after_fault, 1))
		return 0;
	__atomic_store_n(address, 'B', __ATOMIC_RELAXED);
	return 1;
}

/* Process B, which has only its end of a socket. */
static void process_b(int sock)
{
	struct iokmem_map *writable;
	struct iokmem_desc *buffer;
	char *bytes;

	who = 'B';
	prctl(PR_SET_NAME, "demo-B");
	signal(SIGSEGV, on_fault);

	check(!iokmem_desc_receive(sock, &buffer), "the buffer arrives");
	check(iokmem_desc_create_mapping(buffer, 0, 0, 0, 0, 0, &writable) && errno == EACCES,
	      "a map that can be written is refused");
	/* mprotect() would have to name the guards as well. */
	bytes = bytes_of(map(buffer, IOKMEM_MEMORY_MAP_READ_ONLY |
			     IOKMEM_MEMORY_MAP_GUARDED_NONE, 0, 0));
	tell("got the buffer over the socket and maps it: %p, read-only, as it was sent", bytes);

	check(!memcmp(bytes, message, sizeof(message)), "B reads what A wrote");
	tell("reads A's bytes there: \"%s\"", bytes);

	check(!can_write(bytes), "writing raises SIGSEGV");
	tell("tries to write: SIGSEGV");
	check(mprotect(bytes, BUFFER_SIZE, PROT_READ | PROT_WRITE) && errno == EACCES,
	      "mprotect(PROT_WRITE) fails with EACCES");
	tell("tries to make it writable by mprotect(): %s", strerror(errno));

	signal_peer(sock);
	for (;;)
		pause();
}

static void map_and_share(struct iokmem_desc *buffer, struct iokmem_map *maps[3])
{
	char *first, *second, *window;

	maps[0] = map(buffer, 0, 0, 0);
	first = bytes_of(maps[0]);
	tell("maps it: %p", first);
	maps[1] = map(buffer, 0, 0, 0);
	second = bytes_of(maps[1]);
	check(first == second, "the same request gives the same address");
	tell("maps it again: %p, the same map, one reference more", second);
	maps[2] = map(buffer, 0, WINDOW_OFFSET, WINDOW_LENGTH);
	window = bytes_of(maps[2]);
	check(window == first + WINDOW_OFFSET,
	      "a range inside gives an address inside");
	tell("maps %lu bytes from offset %lu: %p, inside the first", WINDOW_LENGTH,
	     WINDOW_OFFSET, window);

	for (unsigned long i = 0; i < BUFFER_SIZE; i++)
		if (first[i])
			check(0, "fresh memory is zero");
	memcpy(first, message, sizeof(message));
	window[0] = 'w';
	check(first[WINDOW_OFFSET] == 'w', "both addresses show the same byte");
	tell("finds all of it zero, and writes \"%s\"", message);
}

/* After SIGKILL the kernel takes a moment to clean up. */
static void await_gone(const char *name, int others)
{
	struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };

	for (int i = 0; list_lines(name, 0) != others && i < 250; i++)
		nanosleep(&moment, NULL);
	check(list_lines(name, 0) == others, "what is gone leaves the list");
}

/* Return how often the device has interrupted, on all processors. */
static unsigned long count_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long sum = 0, here;
	char line[512], *at, *end;

	check(!!file, "the kernel counts interrupts");
	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, "iokmem-edu"))
			continue;
		for (at = strchr(line, ':') + 1;; at = end) {
			here = strtoul(at, &end, 10);
			if (end == at)
				break;
			sum += here;
		}
	}
	fclose(file);
	return sum;
}

static void tell_driver(const char *file, const char *device)
{
	int fd = open(file, O_WRONLY);

	check(fd >= 0 && write(fd, device, strlen(device)) == (ssize_t)strlen(device),
	      "the driver leaves and takes the device as it is told");
	close(fd);
}

static char *map_device_buffer(int fd)
{
	struct iokmem_edu_map map = { .size = sizeof(map) };

	check(!ioctl(fd, IOKMEM_EDU_MAP, &map), "the driver maps its buffer");
	return (char *)(uintptr_t)map.address;
}

static void have_device_copy(int fd, char *bytes)
{
	struct iokmem_edu_copy copy = {
		.size = sizeof(copy), .from = 4000, .to = 12001, .length = sizeof(message),
	};
	unsigned long before = count_interrupts();

	memcpy(bytes + copy.from, message, sizeof(message));
	tell("writes \"%s\" at offset %llu", message, copy.from);
	check(!ioctl(fd, IOKMEM_EDU_COPY, &copy), "the device copies");
	check(count_interrupts() - before == 2, "the device interrupts when it is done");
	tell("has the device fetch the %llu bytes, and put them at offset %llu: two interrupts",
	     copy.length, copy.to);
	check(!memcmp(bytes + copy.to, message, sizeof(message)),
	      "what the device has written is what A has written");
	tell("reads there: \"%s\"", bytes + copy.to);
}

static atomic_int stop_counting;

static void *count(void *number)
{
	while (!stop_counting)
		(*(atomic_ulong *)number)++;
	return NULL;
}

/* The driver compares the bytes. */
static void have_device_programmed(int fd, char *bytes)
{
	struct iokmem_edu_program program = { .size = sizeof(program), .length = 4000 };
	atomic_ulong *number = (atomic_ulong *)bytes;
	unsigned long then;
	pthread_t thread;

	check(!pthread_create(&thread, NULL, count, bytes), "A can have a thread");
	while (!*number)
		sched_yield();
	tell("has a thread that counts in the buffer: it is at %lu", *number);
	check(!ioctl(fd, IOKMEM_EDU_PROGRAM, &program),
	      "the device gets what is in the buffer");
	then = *number;
	tell("has the device loaded from there: no byte changed meanwhile, for the thread waited");
	while (*number == then)
		sched_yield();
	tell("sees the thread go on: it is at %lu", *number);
	stop_counting = 1;
	pthread_join(thread, NULL);
}

static int device_story(void)
{
	struct iokmem_edu_map again = { .size = sizeof(again) };
	char path[PATH_MAX], *slot, *bytes;
	int fd = open(EDU, O_RDWR);

	check(fd >= 0, EDU " is there");
	slot = realpath(EDU_SYSFS, path);
	check(!!slot, "it is a device's");
	slot = strrchr(slot, '/') + 1;

	chapter("Process A has a buffer that a device can reach, in a driver's memory.");
	bytes = map_device_buffer(fd);
	tell("has it mapped by the driver of PCI device %s: %p", slot, bytes);
	check(list_lines(MAP_OF("demo-A"), 1) == 1, "A has a map");

	chapter("The device moves bytes by DMA.");
	have_device_copy(fd, bytes);

	chapter("The device is programmed; until it is, nobody can touch the buffer.");
	have_device_programmed(fd, bytes);

	chapter("The device is taken away, while A uses it.");
	tell_driver(EDU_DRIVER "unbind", slot);
	check(ioctl(fd, IOKMEM_EDU_MAP, &again) && errno == ENODEV, "there is no device");
	tell("asks the driver for something: %s", strerror(errno));
	check(!memcmp(bytes + 4000, message, sizeof(message)), "the memory is still A's");
	tell("still reads its bytes");
	close(fd);
	await_gone(MAP_OF("demo-A"), 0);
	tell("closes " EDU ": the map is gone");
	tell_driver(EDU_DRIVER "bind", slot);
	return 0;
}

int main(int argc, char **argv)
{
	struct iokmem_desc *buffer;
	struct iokmem_map *maps[3];
	int sock[2], status, others;
	char *bytes;
	pid_t b;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_NAME, "demo-A");
	if (argc > 1)
		return strcmp(argv[1], "device") ? 2 : device_story();

	/* Other drivers may have descriptors. */
	others = list_lines(DESCRIPTOR, 0);
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, sock), "there are sockets");
	b = fork();
	check(b >= 0, "a process can be made");
	if (!b)
		process_b(sock[1]);
	close(sock[1]);

	chapter("Process A makes a buffer and maps it.");
	check(!iokmem_buffer_create(IOKMEM_MEMORY_DIRECTION_INOUT, BUFFER_SIZE, 0, &buffer),
	      "a buffer can be made");
	tell("makes a buffer of %lu MiB", BUFFER_SIZE / MIB);
	map_and_share(buffer, maps);
	bytes = bytes_of(maps[0]);

	chapter("A passes the buffer to process B, read-only, over a Unix socket.");
	check(!iokmem_desc_send(buffer, sock[0], IOKMEM_SEND_READ_ONLY),
	      "a socket carries the buffer");
	await_peer(sock[0]);

	chapter("The kernel's list of the buffer's maps, from " LIST ":");
	check(list_lines(MAP_OF("demo-A"), 1) == 2, "A has a map and a sub-map");
	check(list_lines(MAP_OF("demo-B"), 0) == 1, "B has a map");

	chapter("B is killed.");
	check(!kill(b, SIGKILL) && waitpid(b, &status, 0) == b, "B can be killed");
	await_gone(MAP_OF("demo-B"), 0);
	check(!list_lines(MAP_OF("demo-B"), 1), "B's map is gone");
	check(!memcmp(bytes, message, sizeof(message)), "A's memory is untouched");
	tell("still reads its bytes");

	chapter("A lets go.");
	iokmem_map_put(maps[0]);
	check(!memcmp(bytes, message, sizeof(message)),
	      "the map stays for the other reference");
	tell("releases the map once: still there, for the second reference");
	iokmem_map_put(maps[1]);
	iokmem_map_put(maps[2]);
	signal(SIGSEGV, on_fault);
	check(!can_write(bytes), "the address is free after the last release");
	tell("releases the rest: the address is free again");
	iokmem_desc_put(buffer);
	await_gone(DESCRIPTOR, others);
	tell("releases the buffer: its descriptor is gone");
	return 0;
}
