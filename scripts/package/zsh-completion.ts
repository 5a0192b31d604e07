/** The script for /usr/share/zsh/vendor-completions/_vfctl: bash's, through zsh's own layer for it
 * (zshcompsys(1), bashcompinit). */
export const zshCompletion = `#compdef vfctl
# Completion of vfctl for zsh: that for bash, which zsh can run.
autoload -Uz bashcompinit
bashcompinit
source /usr/share/bash-completion/completions/vfctl
_bash_complete -F _vfctl
`;
