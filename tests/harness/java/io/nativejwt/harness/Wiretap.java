// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

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
public final class Wiretap implements AutoCloseable {
    private static final Pattern BEARER =
            Pattern.compile("(?i)\nauthorization: *bearer +([^\r\n]+)\r");

    /**
     * Where a worker says that it is. With HTTPS it has a certificate for its own addresses alone.
     */
    private static final String SAID = "127.0.0.1";

    /** Where it is. */
    private static final String TRUE = "127.0.0.3";

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

    public static Wiretap between(InetSocketAddress listen, InetSocketAddress target) {
        try {
            return new Wiretap(listen, target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** On a free port of this machine. */
    public static Wiretap before(int port) {
        InetAddress local = InetAddress.getLoopbackAddress();
        return between(new InetSocketAddress(local, 0), new InetSocketAddress(local, port));
    }

    /**
     * Before a worker, which listens on one address of this machine and says that it is on another
     * one, where a test reads what passes.
     *
     * @param https whether the nodes use HTTPS among themselves
     */
    public static Wiretap beforeWorker(Coordinator.Builder worker, boolean https) {
        try {
            int port = Coordinator.freePorts(1)[0];
            Wiretap wiretap =
                    between(
                            new InetSocketAddress(InetAddress.getByName(SAID), port),
                            new InetSocketAddress(InetAddress.getByName(TRUE), port));
            // With HTTPS the nodes choose their certificates by a host name that is an address.
            worker.config(https ? "http-server.https.port" : "http-server.http.port", "" + port)
                    .config("node.internal-address", https ? SAID.replace('.', '-') + ".ip" : SAID)
                    .config("node.bind-ip", TRUE);
            return wiretap;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public int port() {
        return server.getLocalPort();
    }

    /** From now on it knows of nothing that was sent before. */
    public void forget() {
        synchronized (sent) {
            sent.reset();
        }
    }

    public String sent() {
        synchronized (sent) {
            return sent.toString(ISO_8859_1);
        }
    }

    /** The bearer tokens of the HTTP requests that passed, in their order. */
    public List<String> bearers() {
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
