// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.ffi.NativeLibrary;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Executable;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The Trino on the class path, and whether the server launcher fits it. Members are looked up by
 * name before any class of Trino is linked, so that the operator reads a sentence and never a
 * NoSuchMethodError.
 */
record Engine(ClassLoader loader, String version) {
    private static final String SERVER = "io.trino.server.Server";
    private static final String JWT = "io.trino.server.security.jwt.";
    private static final String AIRLIFT = "io.airlift.configuration.";
    private static final String REQUEST = "jakarta.ws.rs.container.ContainerRequestContext";
    private static final String RESPONSE = "jakarta.ws.rs.core.Response";
    private static final String TOKEN_PAIR = "io.trino.server.security.oauth2.TokenPairSerializer";
    private static final String IDENTITY = "io.trino.spi.security.Identity";

    private static final Set<String> MAINS =
            Set.of("io.trino.server.TrinoServer", NativeJwtServer.class.getName());

    /** A member of the engine that our classes call or override; types by name. */
    record Part(String owner, String name, List<String> parameters, boolean overridden) {
        static Part type(String owner) {
            return new Part(owner, "", List.of(), false);
        }

        static Part constructor(String owner, String... parameters) {
            return new Part(owner, "<init>", List.of(parameters), false);
        }

        static Part method(String owner, String name, String... parameters) {
            return new Part(owner, name, List.of(parameters), false);
        }

        static Part overridden(String owner, String name, String... parameters) {
            return new Part(owner, name, List.of(parameters), true);
        }
    }

    /**
     * All that ties our classes to a version of Trino; a test compares it with their constant
     * pools.
     */
    static final List<Part> PARTS =
            List.of(
                    Part.constructor(SERVER),
                    Part.method(SERVER, "start", "java.lang.String"),
                    Part.overridden(SERVER, "getAdditionalModules"),
                    Part.constructor(
                            JWT + "JwtAuthenticator",
                            JWT + "JwtAuthenticatorConfig",
                            "io.jsonwebtoken.Locator"),
                    Part.overridden(JWT + "JwtAuthenticator", "authenticate", REQUEST),
                    Part.overridden(
                            JWT + "JwtAuthenticator", "authenticate", REQUEST, "java.lang.String"),
                    Part.overridden(JWT + "JwtAuthenticator", "createIdentity", "java.lang.String"),
                    Part.constructor(JWT + "JwtAuthenticatorConfig"),
                    Part.type(JWT + "ForJwt"),
                    Part.type("io.jsonwebtoken.Locator"),
                    Part.constructor(
                            "io.trino.server.security.AuthenticationException",
                            "java.lang.String",
                            "java.lang.String"),
                    Part.method(IDENTITY, "forUser", "java.lang.String"),
                    Part.method(IDENTITY, "getUser"),
                    Part.method(IDENTITY, "getPrincipal"),
                    Part.method(IDENTITY + "$Builder", "withPrincipal", "java.security.Principal"),
                    Part.method(IDENTITY + "$Builder", "withGroups", "java.util.Set"),
                    Part.method(IDENTITY + "$Builder", "withExtraCredentials", "java.util.Map"),
                    Part.method(IDENTITY + "$Builder", "build"),
                    Part.constructor("io.trino.spi.security.BasicPrincipal", "java.lang.String"),
                    Part.method(REQUEST, "getHeaders"),
                    Part.method(REQUEST, "getHeaderString", "java.lang.String"),
                    Part.method(REQUEST, "getCookies"),
                    Part.method(REQUEST, "getSecurityContext"),
                    Part.method(REQUEST, "getUriInfo"),
                    Part.method("jakarta.ws.rs.core.UriInfo", "getRequestUri"),
                    Part.method("jakarta.ws.rs.core.MultivaluedMap", "get", "java.lang.Object"),
                    Part.method("jakarta.ws.rs.core.SecurityContext", "isSecure"),
                    Part.method(RESPONSE, "status", "int"),
                    Part.method(
                            RESPONSE + "$ResponseBuilder",
                            "header",
                            "java.lang.String",
                            "java.lang.Object"),
                    Part.method(RESPONSE + "$ResponseBuilder", "type", "java.lang.String"),
                    Part.method(RESPONSE + "$ResponseBuilder", "entity", "java.lang.Object"),
                    Part.method(RESPONSE + "$ResponseBuilder", "build"),
                    Part.type("io.trino.server.security.ResourceSecurity"),
                    Part.method("io.trino.server.ui.OAuthWebUiCookie", "read", "java.util.Map"),
                    Part.method(TOKEN_PAIR, "deserialize", "java.lang.String"),
                    Part.method(TOKEN_PAIR + "$TokenPair", "accessToken"),
                    Part.method(
                            "io.airlift.jaxrs.JaxrsBinder",
                            "jaxrsBinder",
                            "com.google.inject.Binder"),
                    Part.method("io.airlift.jaxrs.JaxrsBinder", "bindInstance", "java.lang.Object"),
                    Part.overridden(
                            AIRLIFT + "ConfigurationAwareModule",
                            "setConfigurationFactory",
                            AIRLIFT + "ConfigurationFactory"),
                    Part.overridden(
                            AIRLIFT + "ConfigurationAwareModule",
                            "configure",
                            "com.google.inject.Binder"),
                    Part.method(AIRLIFT + "ConfigurationFactory", "getProperties"),
                    Part.method(AIRLIFT + "ConfigurationFactory", "getAllSeenProperties"),
                    Part.method(
                            AIRLIFT + "ConfigurationFactory",
                            "consumeProperty",
                            AIRLIFT + "ConfigPropertyMetadata"),
                    Part.constructor(
                            AIRLIFT + "ConfigPropertyMetadata", "java.lang.String", "boolean"),
                    Part.method(
                            AIRLIFT + "ConfigBinder", "configBinder", "com.google.inject.Binder"),
                    Part.method(AIRLIFT + "ConfigBinder", "bindConfig", "java.lang.Class"),
                    Part.method(
                            AIRLIFT + "ConfigBinder",
                            "bindConfig",
                            "java.lang.Class",
                            "java.lang.Class",
                            "java.lang.String"),
                    Part.type(AIRLIFT + "Config"),
                    Part.type(AIRLIFT + "ConfigDescription"),
                    Part.type("io.airlift.http.client.HttpClientConfig"),
                    Part.type("com.google.inject.Module"),
                    Part.type("com.google.inject.Inject"),
                    Part.method("com.google.inject.Binder", "bind", "java.lang.Class"),
                    Part.method(
                            "com.google.inject.Binder",
                            "addError",
                            "java.lang.String",
                            "[Ljava.lang.Object;"),
                    Part.method(
                            "com.google.inject.binder.AnnotatedBindingBuilder",
                            "toInstance",
                            "java.lang.Object"),
                    Part.method(
                            "com.google.inject.binder.AnnotatedBindingBuilder",
                            "to",
                            "java.lang.Class"),
                    Part.method(
                            "com.google.inject.binder.ScopedBindingBuilder",
                            "in",
                            "com.google.inject.Scope"),
                    Part.type("com.google.inject.Scopes"));

    static Engine ofThisJvm() {
        ClassLoader loader = Engine.class.getClassLoader();
        String version = null;
        try {
            // The same version as Trino's own main class finds.
            version = Class.forName(SERVER, false, loader).getPackage().getImplementationVersion();
        } catch (ClassNotFoundException | LinkageError e) {
            // misfit() reports what is missing.
        }
        return new Engine(loader, version == null ? "unknown" : version);
    }

    /** Why the server launcher cannot be used here, and advice; empty when it can. */
    Optional<String> misfit() {
        return PARTS.stream()
                .map(this::lack)
                .flatMap(Optional::stream)
                .findFirst()
                .map(this::misfit)
                .or(this::anotherMain);
    }

    String misfit(String lack) {
        return "native-jwt %s: the server launcher does not fit Trino %s (%s). %s"
                .formatted(NativeLibrary.jarVersion(), version, lack, advice());
    }

    private static String advice() {
        return "Use the plugin instead, which needs only Trino's public interface:"
                + " http-server.authentication.type=HEADER, see docs/installing.md";
    }

    private Optional<String> lack(Part part) {
        Class<?> owner;
        try {
            owner = Class.forName(part.owner(), false, loader);
            if (part.name().isEmpty()) {
                return Optional.empty();
            }
            boolean constructor = part.name().equals("<init>");
            Optional<? extends Executable> found =
                    (constructor ? Arrays.stream(owner.getDeclaredConstructors()) : methods(owner))
                            .filter(member -> constructor || member.getName().equals(part.name()))
                            .filter(member -> part.parameters().equals(parameters(member)))
                            .filter(member -> !Modifier.isPrivate(member.getModifiers()))
                            .findFirst();
            if (found.isEmpty()) {
                return Optional.of(
                        "%s has no %s(%s)"
                                .formatted(
                                        part.owner(),
                                        constructor ? "constructor " : part.name(),
                                        String.join(", ", part.parameters())));
            }
            if (part.overridden()
                    && Modifier.isFinal(found.get().getModifiers() | owner.getModifiers())) {
                return Optional.of("%s.%s is final".formatted(part.owner(), part.name()));
            }
            return Optional.empty();
        } catch (ClassNotFoundException e) {
            return Optional.of("there is no " + part.owner());
        } catch (LinkageError e) {
            return Optional.of("%s cannot be loaded: %s".formatted(part.owner(), e));
        }
    }

    /** Declared and inherited ones of any visibility. */
    private static Stream<? extends Executable> methods(Class<?> owner) {
        Stream<Executable> own = Arrays.stream(owner.getDeclaredMethods());
        Stream<Class<?>> parents =
                Stream.concat(
                        Stream.ofNullable(owner.getSuperclass()),
                        Arrays.stream(owner.getInterfaces()));
        return Stream.concat(own, parents.flatMap(Engine::methods));
    }

    private static List<String> parameters(Executable member) {
        return Arrays.stream(member.getParameterTypes()).map(Class::getName).toList();
    }

    /**
     * A distribution with a main class of its own adds to the engine there, for instance access
     * control. Started by our main class, it would silently lack these additions.
     */
    private Optional<String> anotherMain() {
        return launcherConfig()
                .map(Engine::mainClass)
                .filter(main -> !MAINS.contains(main))
                .map(
                        main ->
                                "native-jwt %s: this distribution of Trino %s is started by %s, whose additions the server launcher would leave out. %s"
                                        .formatted(
                                                NativeLibrary.jarVersion(),
                                                version,
                                                main,
                                                advice()));
    }

    private Optional<Path> launcherConfig() {
        try {
            Path jar =
                    Path.of(
                            Class.forName(SERVER, false, loader)
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI());
            return Optional.of(jar.resolveSibling("../bin/launcher.properties").normalize())
                    .filter(Files::isReadable);
        } catch (ClassNotFoundException | URISyntaxException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private static String mainClass(Path launcherConfig) {
        Properties properties = new Properties();
        try (InputStream in = Files.newInputStream(launcherConfig)) {
            properties.load(in);
        } catch (IOException | IllegalArgumentException e) {
            return "an unknown class (" + launcherConfig + " cannot be read: " + e + ")";
        }
        return properties
                .getProperty("main-class", "an unknown class (" + launcherConfig + " names none)")
                .trim();
    }
}
