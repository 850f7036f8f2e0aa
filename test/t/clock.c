/*
 * A clock of one's own, by LD_PRELOAD: the time of day begins at CLOCK_START (seconds since 1970) when
 * the program is started, and goes CLOCK_SPEED times as fast as the real one. Waiting takes as long as
 * ever. What the program forks shares its clock.
 */
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

static double began, start, speed;

static double real_time(void)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

__attribute__((constructor)) static void begin(void)
{
	const char *from = getenv("CLOCK_START"), *by = getenv("CLOCK_SPEED");

	began = real_time();
	start = from ? atof(from) : began;
	speed = by ? atof(by) : 1;
}

static double shown(void) { return start + (real_time() - began) * speed; }

int clock_gettime(clockid_t clock, struct timespec *now)
{
	double seconds;

	if (clock != CLOCK_REALTIME)
		return (int) syscall(SYS_clock_gettime, clock, now);
	seconds = shown();
	now->tv_sec = (time_t) seconds;
	now->tv_nsec = (long) ((seconds - now->tv_sec) * 1e9);
	return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	double seconds = shown();

	(void) zone;
	now->tv_sec = (time_t) seconds;
	now->tv_usec = (suseconds_t) ((seconds - now->tv_sec) * 1e6);
	return 0;
}

time_t time(time_t *now)
{
	time_t seconds = (time_t) shown();

	if (now != NULL)
		*now = seconds;
	return seconds;
}
