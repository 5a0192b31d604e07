// The version, which the bundle carries from package.json (scripts/bundle.ts defines it).
declare const VFCTL_VERSION: string | undefined;

export const version = typeof VFCTL_VERSION === 'string' ? VFCTL_VERSION : 'development';
