/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that do one thing at the same time, for tests that look for races. */
#ifndef _IOKMEM_RACERS_H
#define _IOKMEM_RACERS_H

#include "iokmem_utils.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define NR_THREADS	8
#define SECONDS		0.6

/* One racing thread. */
struct racer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	int fd;
	unsigned int seed;
	char *address;
	long done;
	const char *wrong;	/* the first expectation that failed */
	int error;
};

static atomic_bool stop;

/* Record the first failed expectation. Threads cannot use the harness's macros. */
#define RACER_EXPECT(racer, condition)					\
	do {								\
		if (!(condition) && !(racer)->wrong) {			\
			(racer)->error = errno;				\
			(racer)->wrong = #condition;			\
		}							\
	} while (0)

static inline unsigned int random_below(struct racer *racer, unsigned int n)
{
	/* The low bits of this generator are poor. */
	racer->seed = racer->seed * 1103515245 + 12345;
	return (racer->seed >> 8) % n;
}

static inline void start(struct __test_metadata *_metadata, int fd,
			 struct racer *racers, int n, pthread_barrier_t *barrier,
			 void *(*run)(void *))
{
	int i;

	stop = false;
	ASSERT_EQ(0, pthread_barrier_init(barrier, NULL, n));
	for (i = 0; i < n; i++) {
		racers[i] = (struct racer){
			.barrier = barrier, .fd = fd, .seed = 1000 + i,
		};
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL, run,
					    &racers[i]));
	}
}

static inline void finish(struct __test_metadata *_metadata, struct racer *racers, int n)
{
	long done = 0;
	int i;

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, pthread_join(racers[i].thread, NULL));
		EXPECT_EQ(NULL, racers[i].wrong)
			TH_LOG("thread %d: not true: %s (%s)", i, racers[i].wrong,
			       strerror(racers[i].error));
		done += racers[i].done;
	}
	EXPECT_LT(0, done);
}

/* Let all threads race for a while. */
static inline void race(struct __test_metadata *_metadata, int fd, int n,
			void *(*run)(void *))
{
	struct racer racers[2 * NR_THREADS];
	pthread_barrier_t barrier;
	double until = now() + SECONDS;

	start(_metadata, fd, racers, n, &barrier, run);
	while (now() < until)
		usleep(20000);
	stop = true;
	finish(_metadata, racers, n);
}

/* A process with several threads that runs until it is killed. */
static inline void run_until_killed(int fd, void *(*run)(void *))
{
	struct racer racers[NR_THREADS];
	pthread_barrier_t barrier;
	int i;

	pthread_barrier_init(&barrier, NULL, NR_THREADS);
	for (i = 0; i < NR_THREADS; i++) {
		racers[i] = (struct racer){
			.barrier = &barrier, .fd = fd, .seed = i,
		};
		pthread_create(&racers[i].thread, NULL, run, &racers[i]);
	}
	for (;;)
		pause();
}

static inline void kill_racing(struct __test_metadata *_metadata, int fd,
			       void *(*run)(void *))
{
	int before = nr_descriptors(), i;
	pid_t child;

	for (i = 0; i < 10; i++) {
		child = fork();
		if (!child)
			run_until_killed(fd, run);
		usleep(20000 + i * 3000);
		ASSERT_EQ(0, kill(child, SIGKILL));
		EXPECT_EQ(128 + SIGKILL, join(child));
		/* Children that its threads have forked end a little later. */
		EXPECT_TRUE(EVENTUALLY(nr_maps(fd) == 0));
	}
	EXPECT_TRUE(EVENTUALLY(nr_descriptors() == before));
}

#endif /* _IOKMEM_RACERS_H */
