// What roles mean to this client. Only what the server decides counts; this is for showing
// controls that would work, and no others.

// A role as the policy tells it; `waitingRoom` is an extension of this server.
export interface RoleLike {
  name: string;
  priority: number;
  waitingRoom?: boolean;
}

export function isWaiting(role: object | null | undefined): boolean {
  return role !== null && role !== undefined && (role as RoleLike).waitingRoom === true;
}

// Whether somebody with this role can be seen or heard at all. Somebody who cannot takes no place
// among the pictures. A role that is not known yet may.
export function isOnStage(
  role: { publishParams?: { allowed?: readonly string[] } } | null | undefined,
): boolean {
  const allowed = role?.publishParams?.allowed;
  return allowed === undefined || allowed.length > 0;
}

// The role to let somebody in as: "guest" where there is one, else the one with the least to say.
export function admittedAs(roles: readonly RoleLike[]): string | null {
  const open = roles.filter((role) => !isWaiting(role));
  const guest = open.find((role) => role.name === 'guest');
  if (guest) return guest.name;
  return (
    open.reduce<RoleLike | null>(
      (least, role) => (least === null || role.priority > least.priority ? role : least),
      null,
    )?.name ?? null
  );
}

// Raised hands come first; otherwise the order stays.
export function handsFirst<T extends { isHandRaised: boolean }>(peers: readonly T[]): T[] {
  return [...peers].sort((a, b) => Number(b.isHandRaised) - Number(a.isHandRaised));
}
