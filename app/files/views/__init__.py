"""The pages of files; one blueprint, one resource a file."""

from flask import Blueprint

bp = Blueprint("files", __name__, url_prefix="/<port>/files")

from ..labels import category_word, file_size, kind_name, sign_of

bp.add_app_template_filter(file_size, "file_size")
bp.add_app_template_filter(sign_of, "sign_of")
bp.add_app_template_filter(kind_name, "kind_name")
bp.add_app_template_filter(category_word, "category_word")

from . import archivals, contents, files, folders, lists, versions
