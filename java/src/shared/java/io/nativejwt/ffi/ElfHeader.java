// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * The ELF header of a shared library. It is read before loading, since the dynamic linker's message
 * does not say what the operator has to do.
 *
 * @param complete whether the file is as long as its header says
 */
record ElfHeader(int wordSize, int machine, boolean complete) {
    private static final byte[] MAGIC = {0x7f, 'E', 'L', 'F'};
    private static final int LENGTH = 64;

    private static final int X86 = 3;
    private static final int PPC64 = 21;
    private static final int S390 = 22;
    private static final int ARM = 40;
    private static final int X86_64 = 62;
    private static final int AARCH64 = 183;
    private static final int RISCV = 243;

    /** Returns null for a file in another format, such as a downloaded error page. */
    static ElfHeader read(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LENGTH);
        }
        if (bytes.length < LENGTH
                || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            return null;
        }
        ByteOrder order = bytes[5] == 2 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        ByteBuffer header = ByteBuffer.wrap(bytes).order(order);
        int wordSize = bytes[4] == 2 ? 64 : 32;
        int machine = Short.toUnsignedInt(header.getShort(18));
        return new ElfHeader(
                wordSize, machine, wordSize == 32 || endOfSections(header) <= Files.size(file));
    }

    /**
     * The table of sections is the last part of the file. Loading a truncated file kills the JVM
     * with SIGBUS.
     */
    private static long endOfSections(ByteBuffer header) {
        return header.getLong(40)
                + (long) Short.toUnsignedInt(header.getShort(58))
                        * Short.toUnsignedInt(header.getShort(60));
    }

    boolean fitsThisJvm() {
        return architecture().equals(architectureOfThisJvm());
    }

    /** As {@code uname -m} spells it, and the names of the release archives. */
    String architecture() {
        return switch (machine) {
            case X86 -> "i686";
            case X86_64 -> wordSize == 64 ? "x86_64" : "x32";
            case AARCH64 -> "aarch64";
            case ARM -> "armv7l";
            case PPC64 -> "ppc64le";
            case S390 -> "s390x";
            case RISCV -> "riscv" + wordSize;
            default -> "an unknown machine (ELF number " + machine + ")";
        };
    }

    static String architectureOfThisJvm() {
        String name = System.getProperty("os.arch").toLowerCase(Locale.ENGLISH);
        return switch (name) {
            case "amd64", "x64" -> "x86_64";
            case "arm64" -> "aarch64";
            case "x86", "i386" -> "i686";
            case "arm" -> "armv7l";
            default -> name;
        };
    }
}
