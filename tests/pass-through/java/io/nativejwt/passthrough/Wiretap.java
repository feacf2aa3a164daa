// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Stands between two programs, hands every byte on and keeps what the one that connects sends: what
 * anybody on the path could read. It knows no protocol, so it sees nothing of what is encrypted.
 */
final class Wiretap implements AutoCloseable {
    private static final Pattern BEARER =
            Pattern.compile("(?i)\nauthorization: *bearer +([^\r\n]+)\r");

    private final ServerSocket server;
    private final InetSocketAddress target;
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private Wiretap(InetSocketAddress listen, InetSocketAddress target) throws IOException {
        this.target = target;
        server = new ServerSocket();
        server.setReuseAddress(true);
        server.bind(listen);
        Thread.ofVirtual().start(this::accept);
    }

    static Wiretap between(InetSocketAddress listen, InetSocketAddress target) {
        try {
            return new Wiretap(listen, target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** On a free port of this machine. */
    static Wiretap before(int port) {
        InetAddress local = InetAddress.getLoopbackAddress();
        return between(new InetSocketAddress(local, 0), new InetSocketAddress(local, port));
    }

    int port() {
        return server.getLocalPort();
    }

    /** From now on it knows of nothing that was sent before. */
    void forget() {
        synchronized (sent) {
            sent.reset();
        }
    }

    String sent() {
        synchronized (sent) {
            return sent.toString(ISO_8859_1);
        }
    }

    /** The bearer tokens of the HTTP requests that passed, in their order. */
    List<String> bearers() {
        List<String> bearers = new ArrayList<>();
        Matcher matcher = BEARER.matcher(sent());
        while (matcher.find()) {
            bearers.add(matcher.group(1));
        }
        return bearers;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                open.add(client);
                Socket behind = new Socket(target.getAddress(), target.getPort());
                open.add(behind);
                Thread.ofVirtual().start(() -> pump(client, behind, true));
                Thread.ofVirtual().start(() -> pump(behind, client, false));
            } catch (IOException e) {
                // Closed, or there is no listener behind it: the client sees its connection end.
                open.removeIf(Socket::isClosed);
            }
        }
    }

    private void pump(Socket from, Socket to, boolean keep) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (keep) {
                    synchronized (sent) {
                        sent.write(buffer, 0, n);
                    }
                }
                out.write(buffer, 0, n);
                out.flush();
            }
        } catch (IOException e) {
            // One of the two has ended the connection; so does this end of it.
        } finally {
            open.remove(from);
            open.remove(to);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
