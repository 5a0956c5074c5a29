"""Packs src/ into a wheel (PEP 517), with the standard library alone."""

import base64
import hashlib
import pathlib
import zipfile

NAME, VERSION = "textstat", "1.0.0"
INFO = f"{NAME}-{VERSION}.dist-info"
METADATA = {
    "METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: backend\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "entry_points.txt": f"[console_scripts]\n{NAME} = {NAME}.command:main\n",
}


def record_line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    source = pathlib.Path("src")
    files = {str(path.relative_to(source)): path.read_bytes() for path in sorted(source.rglob("*.py"))}
    files.update({f"{INFO}/{name}": text.encode() for name, text in METADATA.items()})
    record = "".join(record_line(name, data) for name, data in files.items()) + f"{INFO}/RECORD,,\n"
    wheel = f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, wheel), "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{INFO}/RECORD", record)
    return wheel
