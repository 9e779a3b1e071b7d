/* What of threads the system has beyond POSIX, and Swift's view of it leaves out. */
#ifndef APUS_CTHREADS_H
#define APUS_CTHREADS_H

/* Lets the thread run on these processors only; 0, or the number of the error. Numbers that the
   system's mask cannot hold are an error, and so is a set of which the process may use none. */
int apus_pin_thread(unsigned long thread, const long *cores, unsigned long count);

#endif
