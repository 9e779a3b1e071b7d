/* What of threads the system has beyond POSIX, and Swift's view of it leaves out. */
#ifndef APUS_CTHREADS_H
#define APUS_CTHREADS_H

/* Lets the thread run on these processors only; 0, or the number of the error. Numbers that the
   system's mask cannot hold are an error, and so is a set of which the process may use none. */
int apus_pin_thread(unsigned long thread, const long *cores, unsigned long count);

/* Tells the scheduler how long a turn this thread wants to compute at a time: who wants a shorter one
   gets it sooner, nobody gets more. Linux 6.12 and later heed it for ordinary threads, from 0.1 to
   100 ms; earlier ones accept it. 0, or the number of the error. */
int apus_set_slice(unsigned long nanoseconds);

#endif
