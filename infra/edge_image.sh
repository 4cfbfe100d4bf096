#!/bin/sh
# Puts the image of edge mode into its storage account: infra/edge_image.sh ACCOUNT (output EDGE_IMAGE_ACCOUNT).
# Run it once after edge mode was switched on; again does no harm. It needs the Azure CLI, signed in as who deployed.
set -eu

if [ $# -ne 1 ]; then
  echo "Say which account: infra/edge_image.sh ACCOUNT. The output EDGE_IMAGE_ACCOUNT of the deployment names it." >&2
  exit 2
fi
account=$1
if [ -z "$account" ]; then
  echo "Edge mode is off: there is no account, and nothing to do."
  exit 0
fi

image=$(mktemp)
trap 'rm -f "$image"' EXIT
# A transparent 1x1 GIF of 43 bytes, the one that the pixel itself answers with.
printf 'GIF89a\001\000\001\000\200\000\000\000\000\000\377\377\377!\371\004\001\000\000\000\000,\000\000\000\000\001\000\001\000\000\002\002D\001\000;' >"$image"

# A role that was assigned a minute ago is not known everywhere yet.
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  # Front Door keeps nothing whose own header forbids it; visitors get no-store from a rule instead.
  if az storage blob upload --only-show-errors --output none --auth-mode login --overwrite true \
    --account-name "$account" --container-name '$web' --name pixel.gif --file "$image" \
    --content-type image/gif --content-cache-control 'public, max-age=604800'; then
    echo "The image is in $account."
    exit 0
  fi
  [ "$attempt" = 10 ] || { echo "Refused; once more in 30 seconds." && sleep 30; }
done
echo "The image could not be put into $account. Its error is above: is somebody else signed in than who deployed (az account show)?" >&2
exit 1
