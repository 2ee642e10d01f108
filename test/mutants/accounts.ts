/** Gateways that refuse tokens which are good. */
import { createTokens } from "../../src/gateway/index.js";
import type { Mutant } from "./mutant.js";
import { gatewayStub, json } from "./twists.js";

const tokenOptions = {
  jwtSecret: "phoenix-development-secret",
  jwtIssuer: "phoenix-platform",
  tokenLifeMs: 86_400_000,
};

export const accountMutants: readonly Mutant[] = [
  {
    name: "tokens-of-the-future-are-refused",
    wrong: "a token that another gateway, whose clock is ahead, has just given out is refused",
    caughtBy: ["invariant/token-validity"],
    platform: {
      gateway: {
        parts: ({ clock }) => {
          const tokens = createTokens({ clock, ...tokenOptions });
          return {
            tokens: {
              ...tokens,
              verify: (token) => {
                const [, payload = ""] = token.split(".");
                const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp: number };
                const sinceMs = exp * 1000 - tokenOptions.tokenLifeMs;
                return tokens.verify(sinceMs > clock.now() ? "not yet" : token);
              },
            },
          };
        },
      },
    },
  },
  {
    name: "each-life-has-its-own-secret",
    wrong: "tokens of one gateway are not good at another, or after a restart",
    shows: "always",
    caughtBy: ["invariant/token-validity", "assertion/SIM_ASSERTION", "convergence/recovery"],
    platform: {
      gateway: {
        parts: ({ clock, random }) => ({
          tokens: createTokens({ clock, ...tokenOptions, jwtSecret: random.bytes(16).join(".") }),
        }),
      },
    },
  },
  {
    name: "who-am-i-is-not-let-in",
    wrong: "everything under /auth is left out of authentication, and so has no user",
    caughtBy: ["invariant/token-validity"],
    platform: gatewayStub(({ url }) =>
      url.endsWith("/auth/me") ? json(401, { error: "not authenticated" }) : undefined,
    ),
  },
];
