// SPDX-License-Identifier: GPL-2.0-only
/* The processes that run programs, and what a worker looks at meanwhile and afterwards. */
#include "fuzz.h"
#include "driver_utils.h"
#include "fail_nth.h"
#include "memory_utils.h"

#include <linux/kcov.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define KCOV		"/sys/kernel/debug/kcov"
#define COVER_SIZE	(64UL << 10)	/* entries */
#define USER		1000
#define SECRET_SIZE	(4 * PAGE)
#define ROOM		(16 * PAGE)	/* for a program to begin with */
#define PATIENCE	30	/* seconds for a process; then it is killed */
#define LONGEST_END	60	/* seconds in which a killed process has to end */

struct arena *arena;

/* Of a worker, and of its processes. */
int device;
static struct run *run;
static int cover_files[NR_THREADS];
static unsigned long *covers[NR_THREADS];
static int secret_file, windows[2];
static char *secret;
static int pairs[2][2];

/* Of a process. */
atomic_int files[NR_SLOTS];
struct place places[NR_SLOTS];
int exchange[2];
bool has_capabilities;
static char *canary;
static pthread_barrier_t together;

static __thread sigjmp_buf out_of_touch;
static __thread volatile bool touching;

void finding(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run->finding, sizeof(run->finding), format, args);
	va_end(args);
}

static void must(bool well, const char *what)
{
	if (well)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(2);
}

int file_in(__u64 slot)
{
	return files[slot % NR_SLOTS];
}

/* Keep a file that a call has made. Returns what the call has returned. */
long put_file(const struct call *call, int fd)
{
	int old;

	if (fd < 0)
		return fd;
	old = atomic_exchange(&files[call->into % NR_SLOTS], fd);
	if (old >= 0)
		close(old);
	return 0;
}

__u64 address_in(__u64 slot)
{
	return places[slot % NR_SLOTS].address;
}

__u64 length_in(__u64 slot)
{
	return places[slot % NR_SLOTS].length;
}

long put_place(const struct call *call, __u64 address, __u64 length)
{
	places[call->into % NR_SLOTS].address = address;
	places[call->into % NR_SLOTS].length = length;
	return 0;
}

/* Touch memory that may not be there, or that a thread may have to wait for. */
bool try_touch(void (*touch)(char *address, __u64 length), __u64 address, __u64 length)
{
	if (sigsetjmp(out_of_touch, 1)) {
		touching = false;
		return false;
	}
	touching = true;
	touch((char *)(uintptr_t)address, length);
	touching = false;
	return true;
}

static void on_signal(int signal)
{
	if (touching)
		siglongjmp(out_of_touch, 1);
	/* A process that ends has unmapped what it runs in, or its stack. */
	if (signal != SIGALRM)
		_exit(1);
}

/* Interrupt a thread again and again, so that it waits for nothing for long. */
static void interrupt_often(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM,
		._sigev_un._tid = syscall(SYS_gettid),
	};
	struct itimerspec often = {
		.it_interval.tv_nsec = 40000000,
		.it_value.tv_nsec = 40000000,
	};
	timer_t timer;

	if (!timer_create(CLOCK_MONOTONIC, &event, &timer))
		timer_settime(timer, 0, &often, NULL);
}

/* Errors that the kernel keeps to itself. */
static bool is_strange(long result)
{
	return result < -EHWPOISON && result >= -4095;
}

static void make_call(const struct call *call, int fail_control)
{
	long result;

	if (call->fail)
		arm(fail_control, call->fail);
	result = type_of(call)->run(call);
	if (call->fail)
		disarm(fail_control);
	if (is_strange(result))
		finding("%s returned %ld", type_of(call)->name, result);
}

/* Take the code that has run into account. Returns true if some has not run before. */
static bool collect(void)
{
	unsigned long nr, i, thread, before, here;
	unsigned int edge;
	bool more = false;

	for (thread = 0; thread < NR_THREADS; thread++) {
		nr = __atomic_load_n(&covers[thread][0], __ATOMIC_RELAXED);
		before = 0;
		for (i = 1; i <= nr && i < COVER_SIZE; i++) {
			here = covers[thread][i] * 0x9e3779b97f4a7c15ULL >> 40;
			edge = (here ^ before >> 1) % NR_EDGES;
			before = here;
			if (!arena->edges[edge] && !atomic_exchange(&arena->edges[edge], 1)) {
				arena->nr_edges++;
				more = true;
			}
		}
		covers[thread][0] = 0;
	}
	return more;
}

/* Make the calls of one thread. */
static void run_calls(unsigned int thread, int fail_control)
{
	unsigned int i;

	ioctl(cover_files[thread], KCOV_ENABLE, KCOV_TRACE_PC);
	for (i = 0; i < run->program.nr; i++) {
		if (run->program.calls[i].thread != thread)
			continue;
		make_call(&run->program.calls[i], fail_control);
		arena->nr_calls++;
	}
	ioctl(cover_files[thread], KCOV_DISABLE, 0);
}

static int begin_thread(void)
{
	int fail_control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (fail_control < 0)
		finding("a thread cannot inject failures");
	interrupt_often();
	return fail_control;
}

/* The second thread: it begins and ends each program together with the first. */
static void *second_thread(void *arg)
{
	int fail_control = begin_thread();

	for (;;) {
		pthread_barrier_wait(&together);
		run_calls(1, fail_control);
		pthread_barrier_wait(&together);
	}
	return NULL;
}

/* Let a program have some memory and files to begin with. */
static void begin_program(void)
{
	int i, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *address;

	for (i = 0; i < NR_SLOTS; i++)
		files[i] = -1;
	files[0] = fcntl(device, F_DUPFD_CLOEXEC, 0);
	/* A driver may write to what a program cannot. */
	for (i = 0; i < 2; i++)
		files[1 + i] = run->program.driver ? open(DRIVER, O_RDWR | O_CLOEXEC) :
						     fcntl(windows[i], F_DUPFD_CLOEXEC, 0);
	files[3] = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ftruncate(files[3], ROOM))
		_exit(1);
	for (i = 0; i < 2; i++) {
		address = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, flags, i ? files[3] : -1, 0);
		places[i].address = address == MAP_FAILED ? 0 : (uintptr_t)address;
		places[i].length = address == MAP_FAILED ? 0 : ROOM;
		flags = MAP_SHARED;
	}
}

/* Maps that are in no slot any more stay until the process ends. */
static void end_program(void)
{
	int i;

	for (i = 0; i < NR_SLOTS; i++) {
		if (places[i].address)
			munmap((void *)(uintptr_t)places[i].address, places[i].length);
		places[i].address = 0;
		places[i].length = 0;
		if (files[i] >= 0)
			close(files[i]);
	}
}

/* Be an ordinary user, or root. */
static void become(bool root)
{
	static const struct rlimit limits[] = { { 65536, 65536 }, { 8 << 20, 8 << 20 } };

	has_capabilities = root;
	if (root)
		return;
	setrlimit(RLIMIT_MEMLOCK, &limits[below(ARRAY_SIZE(limits))]);
	if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		_exit(1);
	/* It may still inject failures into itself. */
	prctl(PR_SET_DUMPABLE, 1);
}

static void begin_process(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(secret_file);
	canary = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(canary, 0x5a, PAGE);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	become(run->program.root);
	exchange[0] = pairs[run->program.driver][0];
	exchange[1] = pairs[run->program.driver][1];
	pthread_barrier_init(&together, NULL, NR_THREADS);
	if (pthread_create(&thread, NULL, second_thread, NULL))
		_exit(1);
}

static void __attribute__((noreturn)) be_process(unsigned int nr,
						 void (*choose)(struct program *program))
{
	int fail_control;

	/* The worker's numbers go on. */
	seed_random(below(1ULL << 48));
	begin_process();
	fail_control = begin_thread();
	while (nr-- && !*run->finding && (!choose || now() < arena->until)) {
		if (choose)
			choose(&run->program);
		begin_program();
		pthread_barrier_wait(&together);
		run_calls(0, fail_control);
		pthread_barrier_wait(&together);
		end_program();
		arena->nr_runs++;
		if (!is_filled(canary, PAGE, 0x5a))
			finding("memory of the process that is no descriptor's has changed");
		if (collect()) {
			run->more = true;
			if (choose)
				keep(&run->program);
		}
	}
	_exit(0);
}

/* Wait for so long for a process, the only one. Returns true if it has ended. */
static bool wait_for(pid_t pid, int seconds)
{
	struct timespec patience = { .tv_sec = seconds };
	sigset_t child;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	/* It is blocked, and waits if the process has ended already. */
	sigtimedwait(&child, NULL, &patience);
	return waitpid(pid, &status, WNOHANG) == pid;
}

/*
 * Have a new process run the program of @of; or @nr programs that it chooses, as the user of that
 * one. Returns false if something was found.
 */
bool run_process(struct run *of, unsigned int nr, void (*choose)(struct program *program))
{
	unsigned long begun = arena->nr_runs;
	pid_t pid;

	run = of;
	memcpy(run->magic, RUN_MAGIC, sizeof(RUN_MAGIC));
	run->more = false;
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid)
		be_process(nr, choose);
	if (!wait_for(pid, PATIENCE)) {
		kill(pid, SIGKILL);
		if (!wait_for(pid, LONGEST_END))
			finding("process %d does not end %d s after SIGKILL", pid, LONGEST_END);
	}
	/* The program that has ended its process, or was killed, has reached something, too. */
	if (collect()) {
		run->more = true;
		if (choose)
			keep(&run->program);
	}
	arena->nr_runs += arena->nr_runs == begun;
	if (!is_filled(secret, SECRET_SIZE, 0x77) && !*run->finding)
		finding("memory has changed that the process could only read");
	return !*run->finding;
}

/* Have memory that processes may only look at: all of it, or a page by a window. */
static void make_secret(void)
{
	struct iokmem_create_sub sub = {
		.size = sizeof(sub),
		.options = IOKMEM_DIRECTION_INOUT,
		.offset = PAGE,
		.length = PAGE,
		.fd = -1,
	};
	int err;

	secret_file = create(device, IOKMEM_DIRECTION_INOUT, SECRET_SIZE, 0);
	must(secret_file >= 0, "a buffer");
	err = map(secret_file, 0, 0, 0, &secret);
	must(!err, "a map");
	memset(secret, 0x77, SECRET_SIZE);
	windows[0] = duplicate(secret_file, IOKMEM_FD_READ_ONLY);
	must(windows[0] >= 0, "a read-only file descriptor");
	must(!iok(windows[0], IOKMEM_CREATE_SUB, &sub), "a window");
	windows[1] = sub.fd;
}

/* To be called before there are workers. */
void fuzz_init(void)
{
	int i;

	must(allow_injection(), "failures cannot be injected");
	for (i = 0; i < 2; i++)
		must(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pairs[i]), "sockets");
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	must(arena != MAP_FAILED, "shared memory");
}

/* To be called by each worker. */
void worker_init(void)
{
	sigset_t child;
	int i;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);

	device = open(DEVICE, O_RDWR | O_CLOEXEC);
	must(device >= 0, DEVICE);
	make_secret();
	for (i = 0; i < NR_THREADS; i++) {
		cover_files[i] = open(KCOV, O_RDWR | O_CLOEXEC);
		must(cover_files[i] >= 0, KCOV);
		must(!ioctl(cover_files[i], KCOV_INIT_TRACE, COVER_SIZE), "KCOV_INIT_TRACE");
		covers[i] = mmap(NULL, COVER_SIZE * sizeof(long), PROT_READ | PROT_WRITE,
				 MAP_SHARED, cover_files[i], 0);
		must(covers[i] != MAP_FAILED, "memory of kcov");
	}
}
