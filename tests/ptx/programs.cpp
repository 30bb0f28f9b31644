// SPDX-License-Identifier: Apache-2.0
#include "tests/ptx/programs.h"

#include "tests/ptx/device.h"

namespace convt::ptx {
namespace {

// A kernel test(a, b): %d1 and %d2 are its arguments, %r1 is the thread's number in its block, %r2 the block's, %r3 the
// thread's in the grid, %d3 that times 4.
std::string kernel(const std::string& body, const std::string& variables = "") {
    return module_head + variables +
           ".visible .entry test(.param .u64 a, .param .u64 b)\n{\n"
           ".reg .pred %p<9>;\n.reg .b16 %h<9>;\n.reg .b32 %r<32>;\n.reg .f32 %f<32>;\n.reg .b64 %d<32>;\n"
           "ld.param.u64 %d1, [a];\nld.param.u64 %d2, [b];\nmov.u32 %r1, %tid.x;\nmov.u32 %r2, %ctaid.x;\nmov.u32 %r4, "
           "%ntid.x;\n"
           "mad.lo.s32 %r3, %r2, %r4, %r1;\nmul.wide.u32 %d3, %r3, 4;\n" +
           body + "ret;\n}\n";
}

const std::string shared = ".shared .align 16 .b8 tile[4096];\n";

// To b[thread], what is in %r10.
const std::string store_r10 = "add.s64 %d4, %d2, %d3;\nst.global.u32 [%d4], %r10;\n";
// %r11: 4 times the thread's number.
const std::string offset_r11 = "shl.b32 %r11, %r1, 2;\nmov.u32 %r12, tile;\nadd.s32 %r13, %r12, %r11;\n";

std::vector<NamedText> flow_programs() {
    return {
        // 100 for thread 0 to 7, 10 and 20 by the parity behind, nested.
        {"nested",
         kernel(
             "setp.lt.s32 %p1, %r1, 8;\n@%p1 bra SMALL;\nand.b32 %r5, %r1, 1;\nsetp.eq.s32 %p2, %r5, 0;\n@%p2 bra "
             "EVEN;\n"
             "mov.u32 %r10, 10;\nbra.uni BOTH;\nEVEN:\nmov.u32 %r10, 20;\nBOTH:\nadd.s32 %r10, %r10, %r1;\nbra END;\n"
             "SMALL:\nmov.u32 %r10, 100;\nEND:\n" +
             store_r10)},
        // The sum of 1 to thread: every lane leaves the loop at another time.
        {"trips", kernel("mov.u32 %r10, 0;\nmov.u32 %r5, 0;\nLOOP:\nadd.s32 %r10, %r10, %r5;\nadd.s32 %r5, %r5, 1;\n"
                         "setp.le.s32 %p1, %r5, %r1;\n@%p1 bra LOOP;\n" +
                         store_r10)},
        // A loop in a loop with a way out of both.
        {"breaks", kernel("mov.u32 %r10, 0;\nmov.u32 %r5, 0;\nOUTER:\nmov.u32 %r6, 0;\nINNER:\nadd.s32 %r10, %r10, 1;\n"
                          "setp.gt.s32 %p1, %r10, %r1;\n@%p1 bra OUT;\nadd.s32 %r6, %r6, 1;\nsetp.lt.s32 %p2, %r6, "
                          "3;\n@%p2 bra INNER;\n"
                          "add.s32 %r5, %r5, 1;\nsetp.lt.s32 %p3, %r5, 5;\n@%p3 bra OUTER;\nOUT:\n" +
                          store_r10)},
        // Threads of odd number end early, some by a guarded ret.
        {"exits",
         kernel(
             "and.b32 %r5, %r1, 1;\nsetp.eq.s32 %p1, %r5, 1;\n@%p1 ret;\nsetp.lt.s32 %p2, %r1, 16;\n@!%p2 bra REST;\n"
             "mov.u32 %r10, 7;\n" +
             store_r10 + "exit;\nREST:\nmov.u32 %r10, 9;\n" + store_r10)},
        // Reads what the last thread of the block wrote before the barrier, behind an early end of half of the block.
        {"barrier",
         kernel(offset_r11 +
                    "st.shared.u32 [%r13], %r3;\nbar.sync 0;\nsub.s32 %r14, %r4, 1;\nsub.s32 %r14, %r14, %r1;\n"
                    "shl.b32 %r14, %r14, 2;\nadd.s32 %r14, %r14, %r12;\nld.shared.u32 %r10, [%r14];\n" +
                    store_r10,
                shared)},
        // Forever.
        {"forever", kernel("LOOP:\nadd.s32 %r5, %r5, 1;\nbra LOOP;\n")},
        {"shuffles",
         kernel("shfl.sync.down.b32 %r10|%p1, %r1, 1, 31, -1;\nshfl.sync.bfly.b32 %r14, %r1, 4, 31, -1;\n"
                "shfl.sync.idx.b32 %r15, %r1, 2, 0x1807, -1;\nshfl.sync.up.b32 %r16, %r1, 3, 0, -1;\n"
                "setp.lt.s32 %p2, %r1, 5;\nvote.sync.ballot.b32 %r17, %p2, -1;\nvote.sync.any.pred %p3, %p2, -1;\n"
                "mul.lo.s32 %r18, %r3, 5;\nmul.wide.u32 %d5, %r18, 4;\nadd.s64 %d5, %d5, %d2;\n"
                "st.global.u32 [%d5], %r10;\nst.global.u32 [%d5+4], %r14;\nst.global.u32 [%d5+8], %r15;\n"
                "st.global.u32 [%d5+12], %r16;\nst.global.u32 [%d5+16], %r17;\n")},
        // Both results of a comparison that is combined with the opposite of another; a half-word kept in a wider
        // register.
        {"pairs",
         kernel("setp.lt.s32 %p1, %r1, 10;\nsetp.ge.and.s32 %p2|%p3, %r1, 20, !%p1;\nselp.u32 %r5, 1, 0, %p2;\n"
                "selp.u32 %r6, 2, 0, %p3;\ncvt.s8.s32 %r7, %r1;\nneg.s32 %r8, %r7;\ncvt.s8.s32 %r9, %r8;\n"
                "add.s32 %r10, %r5, %r6;\nshl.b32 %r14, %r9, 4;\nadd.s32 %r10, %r10, %r14;\n" +
                store_r10)},
        // 96-bit sum of {1, 2, 3} words and {-1, -1, 5}.
        {"carries",
         kernel("mov.u32 %r5, 1;\nmov.u32 %r6, 2;\nmov.u32 %r7, 3;\nadd.cc.u32 %r10, %r5, 0xFFFFFFFF;\n"
                "addc.cc.u32 %r14, %r6, 0xFFFFFFFF;\naddc.u32 %r15, %r7, 5;\nmad.lo.cc.u32 %r16, %r5, -1, %r6;\n"
                "madc.hi.u32 %r17, %r5, -1, 0;\nst.global.u32 [%d2], %r10;\nst.global.u32 [%d2+4], %r14;\n"
                "st.global.u32 [%d2+8], %r15;\nst.global.u32 [%d2+12], %r16;\nst.global.u32 [%d2+16], %r17;\n")},
        // Packs, unpacks, tables, local memory, all spaces through generic addresses.
        {"spaces",
         kernel(
             offset_r11 +
                 "mov.u64 %d5, table;\nand.b32 %r5, %r1, 3;\nmul.wide.u32 %d6, %r5, 4;\nadd.s64 %d6, %d6, %d5;\n"
                 "ld.const.u32 %r6, [%d6];\nmov.u64 %d7, depot;\nst.local.u32 [%d7+4], %r6;\ncvta.local.u64 %d8, %d7;\n"
                 "ld.u32 %r7, [%d8+4];\ncvt.u64.u32 %d9, %r13;\ncvta.shared.u64 %d9, %d9;\nst.u32 [%d9], %r7;\n"
                 "ld.shared.u32 %r8, [%r13];\nmov.b64 %d10, {%r8, %r1};\nmov.b64 {%r14, %r15}, %d10;\n"
                 "mad.lo.s32 %r10, %r15, 1000, %r14;\n" +
                 store_r10,
             shared + ".const .align 4 .u32 table[4] = {11, 22, 33, 0x2C};\n")},
    };
}

std::vector<NamedText> hazard_programs() {
    return {
        // Clean: b[i] = a[i].
        {"copy", kernel("add.s64 %d4, %d1, %d3;\nld.global.u32 %r10, [%d4];\n" + store_r10)},
        // The byte behind each word: one beyond the end for the last thread.
        {"byte_behind", kernel("add.s64 %d4, %d1, %d3;\nld.global.u8 %r10, [%d4+4];\n" + store_r10)},
        {"misaligned", kernel("add.s64 %d4, %d1, 2;\nld.global.u32 %r10, [%d4];\n" + store_r10)},
        {"no_barrier",
         kernel(offset_r11 + "st.shared.u32 [%r13], %r3;\nxor.b32 %r14, %r13, 4;\nld.shared.u32 %r10, [%r14];\n" +
                    store_r10,
                shared)},
        {"shared_unwritten", kernel(offset_r11 +
                                        "setp.ne.s32 %p1, %r1, 3;\n@%p1 st.shared.u32 [%r13], %r3;\nbar.sync 0;\n"
                                        "ld.shared.u32 %r10, [%r13];\n" +
                                        store_r10,
                                    shared)},
        {"shared_outside",
         kernel(offset_r11 + "st.shared.u32 [%r13+3972], %r3;\nmov.u32 %r10, 0;\n" + store_r10, shared)},
        {"divergent_barrier",
         kernel("setp.lt.s32 %p1, %r1, 5;\n@%p1 bra SKIP;\nbar.sync 0;\nSKIP:\nmov.u32 %r10, 1;\n" + store_r10)},
        // All blocks and threads write b[0].
        {"same_word", kernel("st.global.u32 [%d2], %r3;\n")},
        // Thread 0 writes, the others read it behind a barrier, in the same launch.
        {"ordered",
         kernel("setp.eq.s32 %p1, %r1, 0;\n@%p1 st.global.u32 [%d1], %r3;\nbar.sync 0;\nld.global.u32 %r10, [%d1];\n" +
                store_r10)},
        {"unordered",
         kernel("setp.eq.s32 %p1, %r1, 0;\n@%p1 st.global.u32 [%d1], %r3;\nld.global.u32 %r10, [%d1];\n" + store_r10)},
        {"to_constant", kernel("mov.u64 %d5, table;\ncvta.const.u64 %d5, %d5;\nst.u32 [%d5], %r1;\n",
                               ".const .align 4 .u32 table[4] = {1, 2, 3, 4};\n")},
        {"traps", kernel("setp.eq.s32 %p1, %r1, 3;\n@%p1 trap;\nmov.u32 %r10, 1;\n" + store_r10)},
        {"atomics", kernel("atom.global.add.u32 %r10, [%d1], 2;\nred.global.max.s32 [%d1+4], %r3;\n" + store_r10)},
    };
}

// Loads of a[thread * stride words] and of shared memory at the same stride; b is the stride in bytes.
std::vector<NamedText> traffic_programs() {
    const std::string place =
        "cvt.u32.u64 %r5, %d2;\nmul.lo.s32 %r6, %r1, %r5;\ncvt.u64.u32 %d5, %r6;\nadd.s64 %d5, %d1, %d5;\n"
        "mov.u32 %r12, tile;\nadd.s32 %r7, %r12, %r6;\n";
    return {
        {"stride_4", kernel(place + "ld.global.f32 %f1, [%d5];\nst.global.f32 [%d5], %f1;\nst.shared.f32 [%r7], "
                                    "%f1;\nld.shared.f32 %f2, [%r7];\n",
                            shared)},
        {"stride_8", kernel(place + "ld.global.v2.f32 {%f1, %f2}, [%d5];\nst.shared.v2.f32 [%r7], {%f1, "
                                    "%f2};\nld.shared.b64 %d6, [%r7];\n",
                            shared)},
        {"stride_16",
         kernel(place + "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%d5];\nst.shared.v4.f32 [%r7], {%f1, %f2, %f3, %f4};\n"
                        "ld.shared.v4.f32 {%f5, %f6, %f7, %f8}, [%r7];\n",
                shared)},
    };
}

std::vector<NamedText> all_programs() {
    std::vector<NamedText> all;
    for (const auto& some : {flow_programs(), hazard_programs(), traffic_programs()})
        all.insert(all.end(), some.begin(), some.end());
    // The one with a local array.
    for (NamedText& program : all) {
        if (std::string(program.name) != "spaces") continue;
        const std::size_t body = program.text.find("{\n.reg") + 2;
        program.text.insert(body, ".local .align 8 .b8 depot[16];\n");
    }
    return all;
}

}  // namespace

const std::vector<NamedText>& programs() {
    static const std::vector<NamedText> all = all_programs();
    return all;
}

const std::string& program_text(const std::string& name) {
    for (const NamedText& program : programs()) {
        if (program.name == name) return program.text;
    }
    throw Error(0, name);
}

}  // namespace convt::ptx
