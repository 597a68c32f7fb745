// SPDX-License-Identifier: GPL-2.0-only
/* Makes the kernel report a fault of a chosen kind, so that a test can see run.sh notice it. */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *kind = "";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "warn, bug, oops, kasan or lockdep");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void use_after_free(void)
{
	/* volatile: the compiler must not see that the pointer is dead. */
	char *volatile object = kmalloc(64, GFP_KERNEL);

	if (!object)
		return;
	kfree(object);
	object[8] = 1;
}

/* Both orders, one after the other: lockdep reports what would deadlock, and nothing does. */
static void invert_locks(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static int __init splat_init(void)
{
	if (!strcmp(kind, "warn"))
		WARN(1, "splat: as asked\n");
	else if (!strcmp(kind, "bug"))
		BUG();
	else if (!strcmp(kind, "oops"))
		*(volatile int *)8 = 0;
	else if (!strcmp(kind, "kasan"))
		use_after_free();
	else if (!strcmp(kind, "lockdep"))
		invert_locks();
	else
		return -EINVAL;
	return 0;
}
module_init(splat_init);

MODULE_DESCRIPTION("Provokes kernel reports");
MODULE_LICENSE("GPL");
