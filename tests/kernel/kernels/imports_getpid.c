// SPDX-License-Identifier: Apache-2.0
// An object that asks for more than kernels may have.
int getpid(void);
int gather_run_argv(void** args) {
    return args ? getpid() : 0;
}
int gather_pack_argv(void** args) {
    return args ? 0 : 1;
}
