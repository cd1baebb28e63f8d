/* One launch on every backend of this build, each as it is here. */
#ifndef SY_TESTS_DEVICE_BACKENDS_H
#define SY_TESTS_DEVICE_BACKENDS_H

#include "variants.h"

/* Fails the test unless every backend that this machine can run writes the reference's bits, and no other
 * word, for one sample and for three at once. A backend that is absent is told once, with the reason. Returns
 * how many launches were compared.
 */
int check_backends(const check *c);

#endif
